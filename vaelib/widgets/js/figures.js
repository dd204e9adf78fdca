// Charts, and bars that a reader drags: what the widgets about distributions share.
// Two distributions stand beside each other in two colours, --p and --q; a third, --r, is what becomes of both.

export const FIGURES = `
.frame{--p:#0a6ebd;--q:#c2410c;--r:#0b7a55}
.frame[data-dark=true]{--p:#6cb6f2;--q:#f7935c;--r:#4fc79a}
.of-p{--series:var(--p)}.of-q{--series:var(--q)}.of-r{--series:var(--r)}
.chart{display:block;width:100%;overflow:visible;font-size:12px}
.chart text{fill:var(--text);paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
.chart .axis{stroke:var(--line)}
.chart .tick{fill:var(--muted)}
.chart .curve{fill:none;stroke:var(--series,var(--text));stroke-width:2.2;stroke-linejoin:round}
.chart .area{fill:var(--series,var(--text));fill-opacity:.28;stroke:none}
.chart .dot{fill:var(--series,var(--text));stroke:var(--card);stroke-width:2}
.bars{display:grid;grid-template-columns:minmax(1.2em,max-content) minmax(0,1fr) 3.2em;column-gap:10px;border:0;margin:0;padding:0;min-width:0}
.bars legend{font-weight:600;padding:0;margin-bottom:2px;color:var(--series)}
.bar{display:grid;grid-column:1/-1;grid-template-columns:subgrid;align-items:center;font-size:14px}
.bar output{text-align:right;font-weight:600}
.bar input{appearance:none;-webkit-appearance:none;background:none;height:36px;--share:0%}
.bar input::-webkit-slider-runnable-track{height:22px;border-radius:5px;background:linear-gradient(90deg,var(--series) var(--share),var(--well) var(--share));box-shadow:inset 0 0 0 1px var(--line)}
.bar input::-moz-range-track{height:22px;border-radius:5px;background:var(--well);box-shadow:inset 0 0 0 1px var(--line)}
.bar input::-moz-range-progress{height:22px;border-radius:5px;background:var(--series)}
.bar input::-webkit-slider-thumb{appearance:none;-webkit-appearance:none;width:12px;height:30px;margin-top:-4px;border-radius:6px;background:var(--card);border:3px solid var(--series);box-shadow:0 1px 4px #0005}
.bar input::-moz-range-thumb{width:6px;height:24px;border-radius:6px;background:var(--card);border:3px solid var(--series)}
.slider{display:block;font-size:14px}
.slider .top{display:flex;justify-content:space-between;gap:10px}
.slider output{font-weight:600}
.readouts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,9.5rem),1fr));gap:10px 18px;margin:16px 0 0}
.readouts div{min-width:0}
.readouts dt{color:var(--muted);font-size:12.5px;font-weight:400;line-height:1.3;margin:0}
.readouts dd{margin:0;font-size:16px;font-weight:600;line-height:1.35;overflow-wrap:anywhere}
.stage{position:relative}
.plane{position:absolute;pointer-events:none}
.handle{position:absolute;left:-22px;top:-22px;width:44px;height:44px;border-radius:50%;touch-action:none;cursor:grab;pointer-events:auto;will-change:transform}
.handle:active{cursor:grabbing}
.handle:focus{z-index:1}
.handle::after{content:attr(data-name);position:absolute;inset:10px;border-radius:50%;background:var(--series);color:var(--card);font:600 14px/22px var(--pst-font-family-base,system-ui,sans-serif);text-align:center;border:1px solid var(--card);box-shadow:0 1px 5px #0006}
.handle:focus-visible{outline-offset:-6px}
.choice{border:0;margin:0;padding:0;min-width:0;display:flex;flex-wrap:wrap;align-items:center;gap:4px 10px;font-size:14px}
.choice legend{float:left;padding:0;color:var(--muted)}
.choice div{display:flex;border:1px solid var(--line);border-radius:9px}
.choice label{position:relative;display:flex;align-items:center;min-height:36px;padding:0 12px;border-radius:8px;cursor:pointer}
.choice label:has(:checked){background:var(--well);box-shadow:inset 0 0 0 1.5px var(--text);font-weight:600}
.choice label:has(:focus-visible){outline:3px solid var(--accent);outline-offset:2px}
.choice input{position:absolute;opacity:0;inset:0;margin:0;cursor:pointer}
.columns{display:grid;grid-template-columns:minmax(0,1fr);gap:18px clamp(16px,3.4cqi,32px)}
@container (min-width:600px){.columns{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (pointer:coarse){.bar input,.choice label{min-height:44px}}
`;

// ---- elements ----

export const clamp = (x, [low, high]) => Math.min(Math.max(x, low), high);

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A number with its unit for the eye; infinity has a sign of its own. */
export const quantity = (x, unit, digits = 3) =>
  `${Number.isFinite(x) ? show(x, digits) : "∞"}${unit && `\u00a0${unit}`}`;

/** A number, given by its logarithm, as 1.5 × 10³; it may be too large or too small for a computer's numbers. */
export function scientific(log) {
  const power = Math.floor(log / Math.LN10 + 0.00218); // from 9.95 on, it shows as 1.0 of the next power
  const digits = [...show(power, 0)].map((sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻").join("");
  return `${show(Math.exp(log - power * Math.LN10), 1)}\u00a0×\u00a010${digits}`;
}

/** A list of named numbers; `set({name: text})` fills it. */
export function readouts(names) {
  const values = Object.fromEntries(names.map((name) => [name, h("dd")]));
  const node = h(
    "dl",
    { className: "readouts" },
    ...names.map((name) => h("div", {}, h("dt", {}, name), values[name])),
  );
  const set = (texts) =>
    Object.entries(texts).forEach(([name, text]) => (values[name].textContent = text));
  return { node, set };
}

/** A labelled slider over a trait's number. `get()` reads it, `put(x)` writes it, `words(x)` says it. */
export function slider(kit, { label, min, max, step, get, put, words }) {
  const input = h("input", { type: "range", min, max, step, "aria-label": label });
  const output = h("output");
  input.oninput = kit.guard(() => put(Number(input.value)));
  const node = h(
    "label",
    { className: "slider" },
    h("span", { className: "top" }, h("span", {}, label), output),
    input,
  );
  function draw() {
    input.value = get();
    output.textContent = words(get());
    input.setAttribute("aria-valuetext", output.textContent);
  }
  return { node, input, draw };
}

/** A choice of one of a few words. `options` is [[value, words], …]. */
export function choice(kit, { label, options, get, put }) {
  const name = `choice-${Math.random()}`; // radio buttons of one name belong together
  const inputs = options.map(([value]) => {
    const input = h("input", { type: "radio", name, value });
    input.onchange = kit.guard(() => put(value));
    return input;
  });
  const node = h(
    "fieldset",
    { className: "choice" },
    h("legend", {}, label),
    h("div", {}, ...options.map(([, words], i) => h("label", {}, inputs[i], words))),
  );
  return { node, draw: () => inputs.forEach((input) => (input.checked = input.value === get())) };
}

// ---- distributions ----

/** p with outcome i moved to `value`; the others keep their proportions, and the sum stays one. */
export function withBar(p, i, value) {
  const rest = p.reduce((total, x, j) => (j === i ? total : total + x), 0);
  const left = 1 - value;
  return p.map((x, j) => (j === i ? value : rest > 0 ? (x * left) / rest : left / (p.length - 1)));
}

/**
 * A distribution as bars that are sliders, one for each outcome. `series` is "p", "q" or "r", its colour; `get()`
 * reads the probabilities, `put(p)` writes them, `digits` of each are shown.
 */
export function bars(kit, { label, series, outcomes, get, put, digits = 2 }) {
  const rows = outcomes.map((outcome, i) => {
    const input = h("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": `${label}: ${outcome}` });
    const output = h("output");
    input.oninput = kit.guard(() => put(withBar(get(), i, Number(input.value))));
    return { input, output, node: h("label", { className: "bar" }, h("span", {}, outcome), input, output) };
  });
  const node = h(
    "fieldset",
    { className: `bars of-${series}` },
    h("legend", {}, label),
    ...rows.map((row) => row.node),
  );
  function draw() {
    const p = get();
    rows.forEach(({ input, output }, i) => {
      input.value = p[i];
      input.style.setProperty("--share", `${100 * p[i]}%`);
      output.textContent = show(p[i], digits);
      input.setAttribute("aria-valuetext", show(p[i], digits));
    });
  }
  return { node, draw };
}

// ---- charts ----

/** The next of 1, 2, 5, 10, 20, …, and of their tenths and so on, that is not below x. */
export function roundUp(x) {
  const power = 10 ** Math.floor(Math.log10(x));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= x);
}

/** Round numbers between two ends, some `count` of them. */
export function ticks([low, high], count = 5) {
  const step = roundUp((high - low) / count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const tickWords = (values) => {
  const step = values.length > 1 ? values[1] - values[0] : 1;
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  return values.map((value) => show(value, digits));
};

/**
 * A chart with axes, drawn at the true width of its box, so that words never shrink. Call
 * `draw({x, y, xTitle, yTitle, xTicks, yTicks}, (pen) => …)` whenever something changes and when the box does: x and y
 * are [low, high] in the data's numbers, ticks are optional lists. The pen draws in the data's numbers:
 *   curve([[x, y], …], {series, dash}),  area([[x, y], …], {series}) down to y = 0 or to `base`,
 *   line(x1, y1, x2, y2, {series, dash, width}),  dot(x, y, {series}),
 *   words(x, y, text, {anchor, dx, dy, series}),  X(x) and Y(y) (to pixels),  add(node).
 * `label` says what the chart shows to readers who do not see it; `describe(text)` changes it.
 */
export function chart({ label, height = 220, left = 44, right = 12, top = 14, bottom = 40 }) {
  const node = svg("svg", { class: "chart", role: "img", "aria-label": label, height });

  function draw({ x, y, xTitle = "", yTitle = "", xTicks = ticks(x), yTicks = ticks(y, 4) }, sketch) {
    const width = node.clientWidth;
    if (!width) return;
    const X = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
    const Y = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0])) * (height - top - bottom);
    const add = (child) => (node.append(child), child);
    const of = (series) => (series ? `of-${series}` : "");
    const path = (points) =>
      points.map(([a, b], i) => `${i ? "L" : "M"}${X(a).toFixed(2)} ${Y(b).toFixed(2)}`).join("");
    const pen = {
      X,
      Y,
      add,
      width,
      curve: (points, { series, dash = "" } = {}) =>
        add(svg("path", { d: path(points), class: `curve ${of(series)}`, "stroke-dasharray": dash })),
      area: (points, { series, base = 0 } = {}) => {
        const closed = [[points[0][0], base], ...points, [points.at(-1)[0], base]];
        return add(svg("path", { d: `${path(closed)}Z`, class: `area ${of(series)}` }));
      },
      line: (x1, y1, x2, y2, { series, dash = "", width: thick = 1.5 } = {}) =>
        add(
          svg("path", {
            d: path([[x1, y1], [x2, y2]]),
            class: `curve ${of(series)}`,
            "stroke-dasharray": dash,
            style: `stroke-width:${thick}px`,
          }),
        ),
      dot: (a, b, { series } = {}) =>
        add(svg("circle", { cx: X(a), cy: Y(b), r: 6, class: `dot ${of(series)}` })),
      words: (a, b, text, { anchor = "middle", dx = 0, dy = 0, series } = {}) =>
        add(
          svg(
            "text",
            {
              x: X(a) + dx,
              y: Y(b) + dy,
              "text-anchor": anchor,
              style: series ? `fill:var(--${series})` : "",
            },
            text,
          ),
        ),
    };
    node.replaceChildren();
    node.setAttribute("viewBox", `0 0 ${width} ${height}`);
    add(svg("path", { class: "axis", d: `M${left} ${Y(y[0])}H${width - right}` }));
    tickWords(xTicks).forEach((text, i) =>
      add(svg("text", { x: X(xTicks[i]), y: Y(y[0]) + 16, class: "tick", "text-anchor": "middle" }, text)),
    );
    tickWords(yTicks).forEach((text, i) => {
      add(svg("path", { class: "axis", d: `M${left} ${Y(yTicks[i])}H${width - right}` }));
      add(svg("text", { x: left - 6, y: Y(yTicks[i]) + 4, class: "tick", "text-anchor": "end" }, text));
    });
    const middle = (left + width - right) / 2;
    add(svg("text", { x: middle, y: height - 6, class: "tick", "text-anchor": "middle" }, xTitle));
    add(svg("text", { x: left, y: top - 4, class: "tick", "text-anchor": "start" }, yTitle));
    sketch(pen);
  }

  return { node, draw, describe: (text) => node.setAttribute("aria-label", text) };
}

/** The style of what covers a chart but for its margins. */
export const insetBy = ({ top, right, bottom, left }) => `inset:${top}px ${right}px ${bottom}px ${left}px`;

/** A handle over a chart, on a plane of its own that leaves out the chart's `margins`; for the rest see `dragging`. */
export function handleOver(margins, { name, series, label, move, step, home }) {
  const handle = h("div", {
    className: `handle of-${series}`,
    tabIndex: 0,
    role: "slider",
    "aria-label": label,
    "aria-roledescription": "point on a chart",
    "data-name": name,
  });
  const plane = h("div", { className: "plane", style: insetBy(margins) }, handle);
  dragging(plane, handle, { move, step, home });
  /** Put it at fractions of the plane, from the lower left, and say its number `now`, of a `range`, in `words`. */
  function place(x, y, { range: [low, high], now, words }) {
    handle.style.transform = `translate(${x * plane.clientWidth}px,${(1 - y) * plane.clientHeight}px)`;
    handle.setAttribute("aria-valuemin", low);
    handle.setAttribute("aria-valuemax", high);
    handle.setAttribute("aria-valuenow", now);
    handle.setAttribute("aria-valuetext", words);
  }
  return { plane, place };
}
