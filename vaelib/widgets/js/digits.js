// A VAE of 8 by 8 digits with a latent plane, in the browser: the model, pictures, the plane, and a pad to draw on.

export const DIGITS = `
.halves{display:grid;gap:20px 28px;grid-template-columns:minmax(0,1fr)}
@container (min-width:620px){.halves{grid-template-columns:minmax(0,1fr) minmax(0,1.15fr)}}
.pad{position:relative;aspect-ratio:1;max-width:min(330px,88cqi);margin:0 auto;border:1px solid var(--line);border-radius:10px;overflow:hidden;touch-action:none;cursor:crosshair;user-select:none;-webkit-user-select:none}
.pad canvas{position:absolute;inset:0;width:100%;height:100%}
.pen{position:absolute;display:none;border:2px solid var(--q);border-radius:3px;background:var(--card)}
.pen.down{background:var(--q)}
.pad:focus .pen{display:block}
.help{color:var(--muted);font-size:13px;margin:8px 0 0;min-height:3em}
.row{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center;margin-top:10px;font-size:14px}
.row .slider{flex:1 1 150px}
.picks{display:grid;grid-template-columns:repeat(5,max-content);gap:8px;margin-top:12px}
.pick{width:44px;height:44px;min-height:0;padding:3px}
.pick[aria-pressed=true]{border-color:var(--accent);box-shadow:0 0 0 2px var(--accent)}
.pick .image{border-radius:5px}
.map{position:relative;aspect-ratio:1;width:100%;max-width:480px;margin:0 auto;border:1px solid var(--line);border-radius:12px;overflow:hidden;background:var(--card)}
.map>*{position:absolute;inset:0;width:100%;height:100%}
.map .outline{fill:none;stroke:var(--series);stroke-width:2.4}
.map .halo{fill:none;stroke:var(--card);stroke-width:5;stroke-opacity:.8}
.map .spot{fill:var(--series);stroke:var(--card);stroke-width:1.5}
.map text{font-size:13px;font-weight:600;fill:var(--series);paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(84px,1fr));gap:12px clamp(12px,2cqi,24px);margin-top:18px}
.tile{min-width:0}
.tile .image{border-radius:7px;box-shadow:0 0 0 1px var(--line)}
.tile p{font-size:12.5px;line-height:1.3;color:var(--muted);margin:4px 0 0}
.verdict{margin:16px 0 0;font-weight:600;min-height:4.5em}
@container (min-width:620px){.verdict{min-height:1.5em}}
.readouts{grid-template-columns:repeat(auto-fit,minmax(7.4rem,1fr))}
`;

const SIDE = 8;
const PIXELS = SIDE * SIDE;

// ---- the layout ----

/** A row of elements, in several lines where the screen is narrow. */
export const row = (...nodes) => h("div", { className: "row" }, ...nodes);

/** A list of elements, one below the other, and beside it, or below, one element. */
export const halves = (nodes, beside) => h("div", { className: "halves" }, h("div", {}, ...nodes), beside);

// ---- the model ----

/** ln of the number of ways to choose k of n. */
const logChoose = (n, k) => (k > 0 ? logChoose(n, k - 1) + Math.log((n - k + 1) / k) : 0);

/**
 * The model: `posterior(x)` is {mean, deviation, logVar}, `decode(z)` the decoder's logits, 64 numbers used again by
 * the next call. A pixel of x is a count from 0 to `total`; black and white counts to 1. `choices[count]` is ln of the
 * binomial coefficient in its probability.
 */
export function makeVae(model) {
  const { layers, dtype, total } = model.get("spec");
  const [encode, decode] = ["encoder", "decoder"].map((name) =>
    makeNetwork(layers[name], readNumbers(model.get(name), dtype)),
  );
  const choices = Array.from({ length: total + 1 }, (_, count) => logChoose(total, count));
  return {
    total,
    choices,
    decode,
    posterior(x) {
      const [a, b, c, d] = encode(x.map((count) => count / total));
      const logVar = [c, d];
      return { mean: [a, b], logVar, deviation: logVar.map((value) => Math.exp(value / 2)) };
    },
    /** ln p of pixel after pixel, in nats, from the logits at z; of all or of those that `counts(i)`. */
    logProb: (x, logits, counts = () => true) =>
      x.reduce((sum, count, i) => {
        const pixel = choices[count] + count * logits[i] - total * ELEMENTWISE.softplus(logits[i]);
        return counts(i) ? sum + pixel : sum;
      }, 0),
    /** The mean of every pixel at z, from 0 to 1. */
    mean: (z) => Array.from(decode(z), sigmoid),
  };
}

// ---- pictures ----

/** A small picture with words below; `paint(pixels, theme)` takes 64 numbers from 0 to 1. */
export function makeTile(words) {
  const canvas = imageCanvas([1, SIDE, SIDE], { "aria-label": words });
  const node = h("div", { className: "tile" }, canvas, h("p", {}, words));
  return { node, paint: (pixels, theme) => paint(canvas, pixels, 1, theme) };
}

/** A button for each of `pictures`, 64 numbers from 0 to 1 each, that calls `choose(i)`. */
export function makePicks(kit, { label, pictures, choose }) {
  const picks = pictures.map((pixels, i) => {
    const canvas = imageCanvas([1, SIDE, SIDE], { "aria-hidden": "true", role: "presentation" });
    const look = { type: "button", className: "pick", "aria-label": `${label} ${i + 1}` };
    return { canvas, pixels, node: h("button", { ...look, onclick: kit.guard(() => choose(i)) }, canvas) };
  });
  const nodes = picks.map(({ node }) => node);
  function draw(theme, chosen) {
    picks.forEach(({ canvas, pixels, node }, i) => {
      paint(canvas, pixels, 1, theme);
      node.setAttribute("aria-pressed", i === chosen);
    });
  }
  return { node: h("div", { className: "picks", role: "group", "aria-label": `${label}s` }, ...nodes), draw };
}

// ---- the plane ----

/** The codes of the data as they were sent, with their classes: [[z, label], ...]. */
function storedCodes({ model }) {
  const labels = readLabels(model.get("labels"));
  return readCodes(model.get("codes"), 2, model.get("spec").code_step).map((z, n) => [z, labels[n]]);
}

/**
 * The latent plane from -extent to extent, in three layers. `drawHeat(weights)` shades a grid of cells, column by
 * column from the lower left; `drawGround(theme, points)` draws the prior's circles and codes, by default those of the
 * data, each by its class; `drawMarks(sketch)` what moves. The pen of a sketch draws in the plane's numbers:
 *   ellipse({mean, deviation}, times, {series, dash}),  spot(z, radius, {series}),  words(z, text, {series, dy}).
 */
export function makePlane(kit) {
  const { extent, cells, colours, axes = [0, 1] } = kit.model.get("spec");
  const heat = h("canvas", { width: cells ?? 1, height: cells ?? 1, "aria-hidden": "true" });
  const ground = h("canvas", { "aria-hidden": "true" });
  const marks = svg("svg", { "aria-hidden": "true" });
  const node = h("div", { className: "map", role: "img" }, heat, ground, marks);
  const toPixels = ([across, up]) =>
    [across, -up].map((value) => ((value + extent) / (2 * extent)) * node.clientWidth);

  function drawGround(theme, points = storedCodes(kit)) {
    const size = node.clientWidth;
    const context = crisp(ground, size, size);
    const view = { size, middle: [size / 2, size / 2], sigma: size / 2 / extent, theme };
    drawPrior(context, view, { colour: theme.muted, alpha: 0.6 });
    context.globalAlpha = cells ? 0.65 : 0.8;
    const [places, labels] = [points.map(([z]) => toPixels(z)), points.map(([, label]) => label)];
    drawLetters(context, places, labels, { colours, theme, font: `600 ${size < 350 ? 9 : 11}px` });
    namePrior(context, view, { colour: theme.muted });
    const [across, up] = axes.map((axis) => `z${subscript(axis + 1)}`);
    const look = { theme, colour: theme.text, font: "italic 15px" };
    drawWords(context, across, [size - 14, size / 2 - 12], look);
    drawWords(context, up, [size / 2 + 14, 14], look);
  }

  /** Shade the cells, the most probable one darkest. */
  function drawHeat(weights) {
    const context = heat.getContext("2d");
    const image = context.createImageData(cells, cells);
    context.fillStyle = getComputedStyle(heat).getPropertyValue("--p").trim();
    const [red, green, blue] = rgb(context.fillStyle);
    const most = weights.reduce((one, other) => Math.max(one, other), 0);
    weights.forEach((weight, i) => {
      const at = 4 * ((cells - 1 - (i % cells)) * cells + Math.floor(i / cells));
      image.data[at] = red;
      image.data[at + 1] = green;
      image.data[at + 2] = blue;
      image.data[at + 3] = 200 * (weight / most) ** 0.6;
    });
    context.putImageData(image, 0, 0);
  }

  function drawMarks(sketch) {
    marks.replaceChildren();
    const add = (tag, attributes, ...children) => marks.append(svg(tag, attributes, ...children));
    const scale = node.clientWidth / 2 / extent;
    sketch({
      ellipse({ mean, deviation }, times, { series, dash = "" }) {
        const [cx, cy] = toPixels(mean);
        const [rx, ry] = deviation.map((one) => times * one * scale);
        add("ellipse", { cx, cy, rx, ry, class: "halo" });
        add("ellipse", { cx, cy, rx, ry, class: `outline of-${series}`, "stroke-dasharray": dash });
      },
      spot(z, r, { series }) {
        const [cx, cy] = toPixels(z);
        add("circle", { cx, cy, r, class: `spot of-${series}` });
      },
      /** Words beside a place; a place outside is named at the edge. */
      words(z, text, { series, dy = 0 }) {
        const size = node.clientWidth;
        const [x, y] = toPixels(z);
        const left = x > size / 2;
        const at = { x: clamp(x + (left ? -10 : 10), [6, size - 6]), y: clamp(y + dy, [16, size - 8]) };
        const outside = Math.max(...z.map(Math.abs)) > extent ? " (outside)" : "";
        add("text", { ...at, "text-anchor": left ? "end" : "start", class: `of-${series}` }, text + outside);
      },
    });
  }
  return { node, drawGround, drawHeat, drawMarks, describe: (text) => node.setAttribute("aria-label", text) };
}

// ---- the pad ----

/**
 * A square of side by side cells to draw on, by pointer, or by keys: arrows move a pen, Space lowers and lifts it.
 * `ink(cells)` gets what the pen went over, a list of [column, row]. `draw(values, theme, lines, veiled)` paints the
 * cells, 0 to 1, with a line after every `lines` of them, and hatches those that are `veiled`.
 */
export function makePad(kit, { side, label, ink }) {
  const cells = h("canvas", { width: side, height: side, className: "image", "aria-hidden": "true" });
  const over = h("canvas", { "aria-hidden": "true" });
  const cursor = h("span", { className: "pen" });
  const help = h("p", { className: "help", id: "help" });
  const look = { className: "pad", tabIndex: 0, role: "application", "aria-label": label };
  const node = h("div", { ...look, "aria-describedby": "help" }, cells, over, cursor);
  let at = [side / 2, side / 2];
  let down = false;

  const within = (value) => clamp(Math.floor(value), [0, side - 1]);
  function goTo(next, inking) {
    const apart = next.map((value, i) => value - at[i]);
    const steps = Math.max(...apart.map(Math.abs));
    const between = (k) => at.map((value, i) => Math.round(value + (apart[i] * k) / steps));
    const passed = Array.from({ length: steps }, (_, k) => between(k + 1));
    at = next;
    if (inking) ink(steps ? passed : [at]);
    tell();
  }
  function tell() {
    const [left, top] = at.map((value) => `calc(${(100 * (value + 0.5)) / side}% - 7px)`);
    Object.assign(cursor.style, { left, top, width: "14px", height: "14px" });
    cursor.classList.toggle("down", down);
    const place = `column ${at[0] + 1}, row ${at[1] + 1}`;
    const keys = `arrow keys move it, Shift goes faster, Space ${down ? "lifts" : "lowers"} it`;
    help.textContent = `By mouse or finger; or by keys: the pen is ${down ? "down" : "up"} at ${place}; ${keys}.`;
    return `Pen ${down ? "down" : "up"}, ${place}`;
  }
  const cellOf = (event) => {
    const box = node.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((share) =>
      within(share * side),
    );
  };
  node.onpointerdown = kit.guard((event) => {
    if (event.button) return;
    node.setPointerCapture(event.pointerId);
    down = false;
    at = cellOf(event);
    goTo(at, true);
  });
  node.onpointermove = kit.guard((event) => {
    if (node.hasPointerCapture(event.pointerId)) goTo(cellOf(event), true);
  });
  node.onkeydown = kit.guard((event) => {
    const arrow = ARROWS[event.key];
    const far = event.shiftKey ? side / 8 : 1;
    if (arrow) goTo([within(at[0] + far * arrow[0]), within(at[1] - far * arrow[1])], down);
    else if (event.key === " ") goTo(at, (down = !down));
    else return;
    event.preventDefault();
    event.stopPropagation();
    kit.say(tell());
  });
  function draw(values, theme, lines, veiled = []) {
    const size = node.clientWidth;
    const cell = size / side;
    paint(cells, values, 1, theme);
    const context = crisp(over, size, size);
    Object.assign(context, { strokeStyle: theme.muted, lineWidth: 1 });
    const path = new Path2D();
    veiled.forEach((hidden, i) => {
      const [x, y] = [(i % side) * cell, Math.floor(i / side) * cell];
      if (!hidden) return;
      context.fillStyle = theme.card;
      context.fillRect(x, y, cell, cell);
      for (const share of [0.5, 1, 1.5])
        path.addPath(
          new Path2D(
            `M${x + cell * Math.max(share - 1, 0)} ${y + cell * Math.min(share, 1)}` +
              `L${x + cell * Math.min(share, 1)} ${y + cell * Math.max(share - 1, 0)}`,
          ),
        );
    });
    context.stroke(path);
    context.strokeStyle = theme.line;
    for (let k = lines * cell; k < size - 1; k += lines * cell) {
      context.strokeRect(k, -1, size, size + 2);
      context.strokeRect(-1, k, size + 2, size);
    }
  }
  tell();
  return { node, help, draw, lift: () => ((down = false), tell()) };
}
