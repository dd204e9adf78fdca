// The linear β-VAE in closed form: what it does with data whose covariance has given eigenvalues, and how that looks.

export const LEVELS = `
.bar-lit{fill:var(--p)}
.bar-under{fill:var(--p);fill-opacity:.3}
.bar-dark{fill:var(--muted);fill-opacity:.55}
.bar-none{fill:none;stroke:var(--muted);stroke-dasharray:3 3}
.level{stroke:var(--q);stroke-width:2.5}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:13px;margin:0 0 4px;color:var(--muted)}
.legend span{display:flex;align-items:center;gap:6px}
.legend svg{width:14px;height:14px}
`;

export const MOST_MOVABLE = 8;
export const LEVEL_MARGINS = { left: 48, right: 8, top: 26, bottom: 36 };

export const rounded = (x) => Number(x.toPrecision(3));

/** A positive number, or 0, of any size with two or three digits that count. */
export function brief(x) {
  if (x === 0) return "0";
  if (x < 0.00095 || x >= 99950) return scientific(Math.log(x));
  if (x < 0.0995) return x.toPrecision(2);
  return show(x, x < 9.995 ? 2 : x < 99.95 ? 1 : 0);
}

/** A slider on a logarithmic scale for the trait `name`, over `reach`, that shows `now()`; 1 is one of its places. */
export function logSlider(kit, { label, reach, now, put }) {
  const [min, max] = reach.map((x) => Math.trunc(100 * Math.log10(x)) / 100);
  const set = (x) => put(rounded(10 ** x));
  return slider(kit, { label, min, max, step: 0.01, get: () => Math.log10(now()), put: set, words: (x) => brief(10 ** x) });
}

const sum = (numbers) => numbers.reduce((total, x) => total + x, 0);

/** The best noise σ²: see `vaelib.linear.learned_noise`. It is 0 where the latents explain everything. */
export function learnedNoise(values, beta, latents) {
  const sorted = [...values].sort((a, b) => b - a);
  const places = Array.from({ length: latents + 1 }, (_, m) => m).filter((m) => m * beta < values.length);
  return Math.min(...places.map((m) => sum(sorted.slice(m)) / (values.length - m * beta)));
}

/**
 * The optimum for noise `sigma2`: for each eigenvalue, in their order, what `vaelib.linear.LinearOptimum` has, and the
 * totals. The latents go to the largest eigenvalues; `latent` tells which have one.
 */
export function linearOptimum(values, beta, sigma2, latents) {
  const tau = beta * sigma2;
  const ranks = values.map((_, i) => i).sort((a, b) => values[b] - values[a] || a - b);
  const dims = values.map((value, i) => {
    const latent = ranks.indexOf(i) < latents;
    const active = latent && value > tau;
    const weight2 = active ? value - tau : 0;
    return {
      value,
      latent,
      active,
      weight2,
      gain: Math.sqrt(weight2) / (weight2 + tau),
      variance: tau / (weight2 + tau),
      rate: active ? 0.5 * Math.log(value / tau) : 0,
      sse: active ? tau : value,
    };
  });
  const total = (name) => sum(dims.map((dim) => dim[name]));
  const [rate, sse] = [total("rate"), total("sse")];
  const distortion = 0.5 * (values.length * Math.log(2 * Math.PI * sigma2) + sse / sigma2);
  const active = dims.filter((dim) => dim.active).length;
  return { dims, tau, sigma2, active, rate, sse, distortion, objective: distortion + beta * rate };
}

export function levelLegend() {
  const entries = [
    ["lit", "above the level: ln(λ/τ) = 2 · rate"],
    ["under", "below: squared error"],
    ["dark", "collapsed"],
    ["none", "no latent"],
  ];
  const swatch = (name) =>
    svg("svg", { "aria-hidden": "true" }, svg("rect", { x: 1, y: 1, width: 12, height: 12, class: `bar-${name}` }));
  return h("p", { className: "legend" }, ...entries.map(([name, words]) => h("span", {}, swatch(name), words)));
}

/**
 * Bars of eigenvalues on a logarithmic axis and the level τ across them. `draw` takes what `linearOptimum` returns; it
 * returns the axis: its `low` and `high` end, and `share(x)`, how far up x stands, from 0 to 1.
 */
export function levelChart(height) {
  const picture = chart({ label: "", height, ...LEVEL_MARGINS });

  function draw({ dims, tau }) {
    const many = dims.length > MOST_MOVABLE;
    const most = 10 ** Math.ceil(Math.log10(Math.max(...dims.map(({ value }) => value), many ? 0.1 : 10)));
    const [low, high] = [many ? 1e-4 : 0.01, most];
    const share = (x) => clamp(Math.log(x / low) / Math.log(high / low), [0, 1]);
    const every = roundUp(Math.max(dims.length / 10, 1));
    const xTicks = dims.map((_, i) => i + 1).filter((i) => i % every === 0);
    const axis = { x: [0.5, dims.length + 0.5], y: [0, 1], xTicks, yTicks: [] };
    picture.draw({ ...axis, xTitle: "dimension", yTitle: "eigenvalue λ" }, (pen) => {
      const thick = Math.min(0.66 * (pen.X(2) - pen.X(1)), 44);
      const across = (y, name) =>
        pen.add(svg("path", { class: name, d: `M${LEVEL_MARGINS.left} ${y}H${pen.width - LEVEL_MARGINS.right}` }));
      const box = (i, from, to, kind) => {
        const place = { x: pen.X(i + 1) - thick / 2, y: pen.Y(to), width: thick, height: pen.Y(from) - pen.Y(to) };
        if (to > from) pen.add(svg("rect", { ...place, class: `bar-${kind}` }));
      };
      for (let power = Math.round(Math.log10(low)); power <= Math.round(Math.log10(high)); power++) {
        const y = pen.Y(share(10 ** power));
        across(y, "axis");
        const place = { x: LEVEL_MARGINS.left - 6, y: y + 4, class: "tick", "text-anchor": "end" };
        pen.add(svg("text", place, String(rounded(10 ** power))));
      }
      dims.forEach(({ value, latent, active }, i) => {
        if (!active) return box(i, 0, share(value), latent ? "dark" : "none");
        box(i, 0, share(tau), "under");
        box(i, share(tau), share(value), "lit");
      });
      across(pen.Y(share(tau)), "level");
      const beyond = tau > high ? " ↑" : tau < low ? " ↓" : "";
      const place = { anchor: "end", dy: share(tau) > 0.9 ? 16 : -7, series: "q" };
      pen.words(axis.x[1], share(tau), `τ ${brief(tau)}${beyond}`, place);
    });
    const lit = dims.filter(({ active }) => active).length;
    picture.describe(`Bars of ${dims.length} eigenvalues and a level at ${brief(tau)}; ${lit} are active above it.`);
    return { low, high, share };
  }
  return { node: picture.node, draw };
}
