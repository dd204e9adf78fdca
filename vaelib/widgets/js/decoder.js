// Running a network in the browser, and painting the images that a decoder makes.

/** The numbers in a DataView of little-endian float16 or float32, as a Float32Array. */
export function readNumbers(view, dtype) {
  if (dtype === "float32")
    return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
  const numbers = new Float32Array(view.byteLength / 2);
  for (let i = 0; i < numbers.length; i++) {
    const bits = view.getUint16(2 * i, true);
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction;
    numbers[i] = bits & 0x8000 ? -size : size;
  }
  return numbers;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

const ELEMENTWISE = {
  relu: (x) => (x > 0 ? x : 0),
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
  sigmoid,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

// Mean of a continuous Bernoulli with logit x; near 0 the closed form cancels, so its series takes over.
const continuousBernoulli = (x) =>
  Math.abs(x) < 0.1 ? 0.5 + x / 12 - x ** 3 / 720 + x ** 5 / 30240 : 1 / (1 - Math.exp(-x)) - 1 / x;

/** From a decoder's raw output to the mean of the image on the scale 0 to 1, by the name of the likelihood. */
export const MEANS = {
  Bernoulli: sigmoid,
  Binomial: sigmoid,
  ContinuousBernoulli: continuousBernoulli,
  Gaussian: (x) => x,
};

const LAYERS = {
  linear({ in: I, out: O, weight, bias }, numbers) {
    const out = new Float64Array(O);
    return (x) => {
      for (let o = 0, w = weight; o < O; o++) {
        let sum = bias === undefined ? 0 : numbers[bias + o];
        for (let i = 0; i < I; i++) sum += numbers[w++] * x[i];
        out[o] = sum;
      }
      return out;
    };
  },

  conv({ in: I, out: O, height: H, width: W, weight, bias }, numbers) {
    const P = W + 2; // a border of zeros, so that the inner loop need not ask where it is
    const padded = new Float32Array(I * (H + 2) * P);
    const out = new Float32Array(O * H * W);
    return (x) => {
      for (let row = 0; row < I * H; row++) {
        const top = Math.floor(row / H) * (H + 2) + (row % H) + 1;
        padded.set(x.subarray(row * W, row * W + W), top * P + 1);
      }
      for (let o = 0, w = weight; o < O; o++) {
        const start = o * H * W;
        out.fill(bias === undefined ? 0 : numbers[bias + o], start, start + H * W);
        for (let i = 0; i < I; i++, w += 9) {
          const a = numbers[w],
            b = numbers[w + 1],
            c = numbers[w + 2];
          const d = numbers[w + 3],
            e = numbers[w + 4],
            f = numbers[w + 5];
          const g = numbers[w + 6],
            h = numbers[w + 7],
            k = numbers[w + 8];
          for (let y = 0, to = start, p = i * (H + 2) * P; y < H; y++, p += P) {
            const q = p + P,
              r = q + P;
            for (let s = 0; s < W; s++) {
              out[to++] +=
                a * padded[p + s] +
                b * padded[p + s + 1] +
                c * padded[p + s + 2] +
                d * padded[q + s] +
                e * padded[q + s + 1] +
                f * padded[q + s + 2] +
                g * padded[r + s] +
                h * padded[r + s + 1] +
                k * padded[r + s + 2];
            }
          }
        }
      }
      return out;
    };
  },

  upsample({ channels, height: H, width: W }) {
    const out = new Float32Array(channels * H * W * 4);
    return (x) => {
      for (let row = 0, to = 0; row < channels * H; row++) {
        for (let s = row * W; s < (row + 1) * W; s++, to += 2) {
          out[to] = out[to + 1] = out[to + 2 * W] = out[to + 2 * W + 1] = x[s];
        }
        to += 2 * W;
      }
      return out;
    };
  },

  flatten: () => (x) => x,
  unflatten: () => (x) => x,
};

function elementwise(apply) {
  let out = new Float64Array(0);
  return (x) => {
    if (out.length !== x.length) out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = apply(x[i]);
    return out;
  };
}

/** A function from a network's input to its raw output; the array it returns is used again by the next call. */
export function makeNetwork(layers, numbers) {
  const steps = layers.map((layer) => {
    if (layer.type in ELEMENTWISE) return elementwise(ELEMENTWISE[layer.type]);
    if (layer.type in LAYERS) return LAYERS[layer.type](layer, numbers);
    throw new Error(`unknown layer ${layer.type}`);
  });
  return (input) => steps.reduce((x, step) => step(x), Float64Array.from(input));
}

/** log p(z) of the standard normal prior, in nats. */
export const logPrior = (z) => -0.5 * z.reduce((sum, x) => sum + x * x + Math.log(2 * Math.PI), 0);

// ---- painting ----

/** A canvas with one pixel per number of an image; the style sheet enlarges it. */
export const imageCanvas = ([, height, width], attributes = {}) =>
  h("canvas", {
    width,
    height,
    role: "img",
    className: width > 16 ? "image smooth" : "image",
    ...attributes,
  });

/** Paint an image of numbers 0 to 1. Colour is painted as it is; of a grey image, 1 is ink and 0 is paper. */
export function paint(canvas, pixels, channels, { paper, ink }) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const size = canvas.width * canvas.height;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) {
      const value =
        channels === 1
          ? paper[c] + (ink[c] - paper[c]) * Math.min(Math.max(pixels[i], 0), 1)
          : 255 * pixels[c * size + i];
      image.data[4 * i + c] = value; // clamps to 0..255 by itself
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
