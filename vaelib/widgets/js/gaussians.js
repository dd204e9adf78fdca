// One-dimensional Gaussians {mean, sigma}: densities, divergences in nats, and a chart whose peaks are handles.

export const PEAKS = `
.group{border:0;margin:0;padding:0;min-width:0}
.group legend{font-weight:600;padding:0;color:var(--series,var(--text))}
.numbers{width:100%;border-collapse:collapse;font-size:14px}
.numbers th{font-weight:400;text-align:left;padding:5px 0}
.numbers thead th{color:var(--muted);font-size:12.5px;text-align:right;vertical-align:bottom;padding:0 0 5px 8px}
.numbers td{text-align:right;padding:5px 0 5px 10px;font-weight:600;white-space:nowrap}
.numbers tbody tr{border-top:1px solid var(--line)}
.numbers small{display:block;color:var(--muted);font-size:12.5px;line-height:1.3}
.verdict{margin:14px 0 0;min-height:3em}
@container (max-width:400px){.numbers{font-size:13px}.numbers td{padding-left:7px}}
`;

// ---- numbers ----

const LOG_ROOT = Math.log(2 * Math.PI) / 2;

export const logNormal = (x, { mean, sigma }) =>
  -0.5 * ((x - mean) / sigma) ** 2 - Math.log(sigma) - LOG_ROOT;

export const normal = (x, gaussian) => Math.exp(logNormal(x, gaussian));

/** KL(p || q) in closed form. */
export const gaussianDivergence = (p, q) =>
  Math.log(q.sigma / p.sigma) + (p.sigma ** 2 + (p.mean - q.mean) ** 2) / (2 * q.sigma ** 2) - 0.5;

/** Simpson's rule, for what is smooth between two ends. */
export function integrate(f, low, high, steps = 600) {
  const step = (high - low) / steps;
  let total = f(low) + f(high);
  for (let i = 1; i < steps; i++) total += (i % 2 ? 4 : 2) * f(low + i * step);
  return (total * step) / 3;
}

/**
 * The rule of equal weights from `low` to `high`: for what is smooth and vanishes at both ends, nothing is more
 * exact.
 */
export function sumUp(f, low, high, step) {
  const count = Math.ceil((high - low) / step);
  let total = 0;
  for (let i = 0; i <= count; i++) total += f(low + ((high - low) * i) / count);
  return (total * (high - low)) / count;
}

export const hundredths = (x) => Math.round(x * 100) / 100;

/** A Gaussian for readers who do not see it. */
export const inWords = ({ mean, sigma }) => `mean ${show(mean)}, standard deviation ${show(sigma)}`;

/** Places from `low` to `high`, `count` steps apart. */
export const places = ([low, high], count) =>
  Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count);

// ---- elements ----

/** Controls that belong together, under a name. */
export const group = (name, series, ...children) =>
  h("fieldset", { className: `group of-${series}` }, h("legend", {}, name), ...children);

/**
 * A chart of densities on fixed axes, x = [low, high] and y from 0 to `top`, with a handle at the peak of each of
 * `hands`: {name, series, reach: {mean, sigma}, get, put, home}; sideways it moves the mean, up and down sigma. A
 * narrower peak leaves the picture; its handle waits at the upper edge. `draw(sketch)` draws, the pen's `density(f,
 * look)` a density.
 */
export function densityChart({ label, x, top, height, hands }) {
  const margins = { left: 40, right: 12, top: 26, bottom: 40 };
  const picture = chart({ label, height, ...margins });
  const peak = ({ sigma }) => normal(0, { mean: 0, sigma });
  const handles = hands.map(({ name, series, reach, get, put, home }) =>
    handleOver(margins, {
      name,
      series,
      label: `Peak of ${name}: left and right move its mean, up makes it narrower, down wider`,
      move: (a, b) =>
        put({
          mean: hundredths(clamp(x[0] + a * (x[1] - x[0]), reach.mean)),
          sigma: hundredths(clamp(peak({ sigma: Math.max(b, 1e-9) * top }), reach.sigma)),
        }),
      step: (across, up) =>
        put({
          mean: hundredths(clamp(get().mean + 0.05 * across, reach.mean)),
          sigma: hundredths(clamp(get().sigma - 0.05 * up, reach.sigma)),
        }),
      home,
    }),
  );
  const node = h("div", { className: "stage" }, picture.node, ...handles.map(({ plane }) => plane));

  function draw(axes, sketch) {
    picture.draw({ x, y: [0, top], xTitle: "x", yTitle: "density", ...axes }, (pen) => {
      const { top: above, right, bottom, left } = margins;
      const [width, room] = [pen.width - left - right, height - above - bottom];
      const hole = svg("rect", { x: left, y: above, width, height: room + 2 });
      pen.add(svg("clipPath", { id: "view" }, hole));
      pen.density = (f, look, every = places(x, 500)) =>
        pen.curve(every.map((a) => [a, f(a)]), look).setAttribute("clip-path", "url(#view)");
      sketch(pen);
      hands.forEach(({ series, reach, get }, i) => {
        const gaussian = get();
        const [across, up] = [(gaussian.mean - x[0]) / (x[1] - x[0]), peak(gaussian) / top];
        handles[i].place(across, Math.min(up, 1), { range: reach.mean, now: gaussian.mean, words: inWords(gaussian) });
        const aside = across > 0.8 ? { anchor: "end", dx: -16 } : { anchor: "start", dx: 16 };
        if (up > 1) pen.words(gaussian.mean, top, `${show(peak(gaussian))} ↑`, { ...aside, dy: 4, series });
      });
    });
  }
  return { node, draw, describe: picture.describe };
}
