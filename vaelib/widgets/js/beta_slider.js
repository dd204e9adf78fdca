// β on one slider: a VAE that was trained for every β at once, run anew at the one that the reader chooses.

const CSS = FIGURES + DIGITS + `
.knob .slider{font-size:17px;font-weight:600}
.knob .slider output{font-size:26px;line-height:1.1;color:var(--accent)}
@container (max-width:619px){.knob{position:sticky;top:var(--vaelib-top,0px);z-index:2;background:var(--card);border-bottom:1px solid var(--line);--edge:clamp(14px,3.2cqi,26px);margin:0 calc(-1*var(--edge));padding:2px var(--edge) 6px}}
.scale{position:relative;height:1.3em;margin:0 8px;font-size:12px;color:var(--muted)}
.scale span{position:absolute;transform:translateX(-50%)}
.verdict{min-height:4.5em;margin:10px 0 14px}
.map{max-width:480px;margin:0 auto;width:100%}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:13px;margin:0 0 2px;color:var(--muted)}
.legend span{display:flex;align-items:center;gap:6px}
.legend svg{width:18px;height:12px}
.head{font-weight:600;font-size:14px;margin:10px 0 4px}
.nats{display:grid;grid-template-columns:max-content minmax(0,1fr) max-content;gap:4px 10px;align-items:center;font-size:14px;margin:0}
.nats dt,.nats dd{margin:0;font-weight:400}
.nats .bar{display:block;grid-column:auto;height:16px;border-radius:4px;background:linear-gradient(90deg,var(--p) var(--share),var(--well) var(--share));box-shadow:inset 0 0 0 1px var(--line)}
.nats .value{min-width:10.5em;text-align:right}
.nats .off{color:var(--muted)}
.nearest{font-size:13px;margin:4px 0 0;min-height:3em}
.dot.near{stroke:var(--text);stroke-width:2}
.strips{display:grid;gap:16px 28px;grid-template-columns:minmax(0,1fr);margin-top:18px}
@container (min-width:620px){.verdict{min-height:3em}.nearest{min-height:1.5em}.strips{grid-template-columns:repeat(2,minmax(0,1fr))}}
@container (min-width:800px){.verdict{min-height:1.5em}}
.strip button{white-space:nowrap}
.strip p{display:flex;justify-content:space-between;align-items:center;gap:10px;margin:0 0 6px;font-size:14px;min-height:36px}
.images{display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:6px;text-align:center;font-size:13px;color:var(--q);font-weight:600}
.images .image{border-radius:5px;box-shadow:0 0 0 1px var(--line)}
`;

const STOPS = 32; // of the slider, from one power of two to the next
const MARKED = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16];
const SAMPLES = 12;
const LEAST = 0.1; // nats that an axis of rates reaches
const ACTIVE = 0.01; // of a latent's variance: Burda et al. 2016

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** β with three digits that count. */
const brief = (beta) => String(Number(beta.toPrecision(3)));

// ---- the model ----

/**
 * A gated layer for rows of numbers, one after the other: gate · (W x + b) + shift, or W (gate · x) + b + shift. When
 * the same rows come again, W x + b is not worked out again: gates on outputs come after it.
 */
function gatedLayer({ in: I, out: O, weight, bias, gates_inputs: onInputs, dial }, numbers) {
  const turn = makeNetwork(dial, numbers);
  let known = { rows: null, products: null };
  function affine(rows) {
    const out = new Float64Array((rows.length / I) * O);
    for (let to = 0, start = 0; start < rows.length; start += I) {
      for (let o = 0, w = weight; o < O; o++) {
        let total = numbers[bias + o];
        for (let i = 0; i < I; i++) total += numbers[w++] * rows[start + i];
        out[to++] = total;
      }
    }
    return out;
  }
  return (rows, logBeta) => {
    const turned = turn([logBeta]);
    const gates = turned.slice(0, -O).map((logit) => 2 * sigmoid(logit));
    const shifts = turned.slice(-O);
    const shifted = (value, i) => value + shifts[i % O];
    if (onInputs) return affine(rows.map((value, i) => gates[i % I] * value)).map(shifted);
    if (known.rows !== rows) known = { rows, products: affine(rows) };
    return known.products.map((value, i) => gates[i % O] * value + shifts[i % O]);
  };
}

/** A gated network, from rows of inputs and ln β to rows of raw outputs. */
function makeGated(layers, numbers) {
  const steps = layers.map((layer) => {
    if (layer.type === "gated") return gatedLayer(layer, numbers);
    if (layer.type in ELEMENTWISE) return (rows) => rows.map((value) => ELEMENTWISE[layer.type](value));
    if (/flatten$/.test(layer.type)) return (rows) => rows;
    throw new Error(`unknown layer ${layer.type}`);
  });
  return (rows, logBeta) => steps.reduce((values, step) => step(values, logBeta), rows);
}

/**
 * The model: `run(beta, noise, inputs)` gives `codes` and `deviations` of the inputs and then of the points, a list for
 * each with a number for each latent; and `pictures`, 64 means from 0 to 1, of the inputs' codes and then of `noise`.
 */
function makeModel(model) {
  const { layers, dtype, total } = model.get("spec");
  const [encode, decode] = ["encoder", "decoder"].map((name) =>
    makeGated(layers[name], readNumbers(model.get(name), dtype)),
  );
  const counts = model.get("points");
  const pixels = Float64Array.from({ length: counts.byteLength }, (_, i) => counts.getUint8(i) / total);
  const split = (values, width) =>
    Array.from({ length: values.length / width }, (_, n) => Array.from(values.subarray(n * width, (n + 1) * width)));
  const images = split(pixels, PIXELS);
  function run(beta, noise, inputs) {
    const logBeta = Math.log(beta);
    const output = encode(pixels, logBeta);
    const k = output.length / images.length / 2;
    const halves = split(output, k);
    const codes = halves.filter((_, i) => i % 2 === 0);
    const deviations = halves.filter((_, i) => i % 2).map((half) => half.map((logVar) => Math.exp(logVar / 2)));
    const logits = decode(Float64Array.from([...codes.slice(0, inputs).flat(), ...noise]), logBeta);
    return { codes, deviations, pictures: split(logits.map(sigmoid), PIXELS) };
  }
  return { images, run };
}

/** The rates and the distortion at β: on straight lines in ln β between those that were computed beforehand. */
function readCurve({ betas, curve }, beta) {
  const next = clamp(betas.findIndex((other) => other >= beta), [1, betas.length - 1]);
  const share = Math.log(beta / betas[next - 1]) / Math.log(betas[next] / betas[next - 1]);
  const values = curve[next].map((value, j) => curve[next - 1][j] + share * (value - curve[next - 1][j]));
  const [rates, distortion] = [values.slice(0, -1), values.at(-1)];
  const rate = sum(rates);
  return { rates, rate, distortion, elbo: -(rate + distortion), objective: distortion + beta * rate };
}

const variance = (values) => {
  const mean = sum(values) / values.length;
  return sum(values.map((value) => (value - mean) ** 2)) / values.length;
};

/** Everything there is to say at β. */
function measure(vae, spec, beta, seed) {
  const k = spec.curve[0].length - 1;
  const noise = normals(seed, SAMPLES * k);
  const found = vae.run(beta, noise, spec.inputs);
  const points = found.codes.slice(spec.inputs);
  const active = Array.from({ length: k }, (_, j) => variance(points.map((z) => z[j])) > ACTIVE);
  return { beta, k, noise, active, points, ...found, ...readCurve(spec, beta) };
}

// ---- pictures ----

/** The rate–distortion curve, the dots beside it, and where on it β stands. */
function makeCurve(spec) {
  const picture = chart({ label: "", height: 300, left: 40, top: 26 });
  const line = spec.curve.map((values) => [sum(values.slice(0, -1)), values.at(-1)]);
  const most = (values) => values.reduce((one, other) => Math.max(one, other));
  const rates = [LEAST, ...line.map(([rate]) => rate), ...spec.dots.map((dot) => dot.rate + dot.rate_sd)];
  const costs = [...line.map(([, cost]) => cost), ...spec.dots.map((dot) => dot.distortion + dot.distortion_sd)];
  const lowest = -most(costs.map((cost) => -cost));
  const room = 0.08 * (most(costs) - lowest) || 1; // of a model that ignores β: 1
  const axis = { x: [0, 1.04 * most(rates)], y: [lowest - room, most(costs) + room] };
  const apart = (dot, beta) => Math.abs(Math.log(dot.beta / beta));
  const nearest = h("p", { className: "nearest" });
  function draw({ beta, rate, distortion, objective }) {
    const near = [...spec.dots].sort((one, other) => apart(one, beta) - apart(other, beta))[0];
    picture.draw({ ...axis, xTitle: "rate R in nats", yTitle: "distortion D in nats" }, (pen) => {
      const end = Math.min(axis.x[1], rate + (distortion - axis.y[0]) / beta);
      pen.line(0, objective, end, distortion - beta * (end - rate), { dash: "6 4", series: "r" });
      pen.curve(line, { series: "p" });
      for (const dot of spec.dots) {
        const { rate: x, distortion: y, rate_sd: dx, distortion_sd: dy } = dot;
        pen.line(x - dx, y, x + dx, y, { series: "q" });
        pen.line(x, y - dy, x, y + dy, { series: "q" });
        const look = dot === near ? { r: 5, class: "dot of-q near" } : { r: 3.5, class: "dot of-q" };
        pen.add(svg("circle", { cx: pen.X(x), cy: pen.Y(y), ...look }));
      }
      pen.dot(rate, distortion, { series: "p" });
      pen.dot(0, objective, { series: "r" });
      const [right, high] = [rate > 0.6 * axis.x[1], distortion > 0.2 * axis.y[0] + 0.8 * axis.y[1]];
      const place = { anchor: right ? "end" : "start", dx: right ? -4 : 12, dy: high ? 4 : -10 };
      pen.words(rate, distortion, `β ${brief(beta)}`, { ...place, series: "p" });
    });
    if (near) nearest.textContent = dotWords(near);
    picture.describe(
      `Distortion over rate, a falling curve. At β = ${brief(beta)} the rate is ${show(rate)} nats and the ` +
        `distortion ${show(distortion)} nats; the tangent of slope −β meets rate 0 at ${show(objective)} nats.`,
    );
  }
  const box = { viewBox: "0 0 18 12", "aria-hidden": "true" };
  const swatch = (series, mark) => svg("svg", { ...box, class: `of-${series}` }, mark);
  const stroke = (dash) =>
    svg("path", { d: "M0 6H18", style: "stroke:var(--series);stroke-width:2.4", "stroke-dasharray": dash });
  const entries = [
    ["p", stroke(""), "one model, every β"],
    ["q", svg("circle", { cx: 9, cy: 6, r: 4, style: "fill:var(--series)" }), "a VAE for one β"],
    ["r", stroke("6 4"), "slope −β, from D + βR"],
  ].filter(([series]) => series !== "q" || spec.dots.length);
  const legend = h("p", { className: "legend" });
  legend.append(...entries.map(([series, mark, words]) => h("span", {}, swatch(series, mark), words)));
  return { node: h("div", {}, picture.node, legend, ...(spec.dots.length ? [nearest] : [])), draw };
}

/** What a dot stands for. */
function dotWords({ beta, rate, rate_sd, distortion, distortion_sd, seeds }) {
  const spread = (sd) => (seeds > 1 ? ` ± ${show(sd)}` : "");
  const runs = seeds > 1 ? ` (${seeds} seeds)` : "";
  const numbers = `R ${show(rate)}${spread(rate_sd)}, D ${show(distortion)}${spread(distortion_sd)}`;
  return `Ringed: trained at β = ${brief(beta)}${runs}, ${numbers}.`;
}

/** A bar for each latent's rate. */
function makeNats(spec) {
  const most = Math.max(LEAST, ...spec.curve[0].slice(0, -1));
  const rows = spec.curve[0].slice(0, -1).map((_, j) => ({
    name: h("dt", {}, `z${subscript(j + 1)}`),
    bar: h("dd", { className: "bar", "aria-hidden": "true" }),
    value: h("dd"),
  }));
  const list = h("dl", { className: "nats" }, ...rows.flatMap(({ name, bar, value }) => [name, bar, value]));
  function draw({ rates, active }) {
    rows.forEach(({ bar, value }, j) => {
      bar.style.setProperty("--share", `${Math.min((100 * rates[j]) / most, 100)}%`);
      value.textContent = `${quantity(rates[j], "nats", 2)}, ${active[j] ? "active" : "off"}`;
      value.className = active[j] ? "value" : "value off";
    });
  }
  return { node: h("div", {}, h("p", { className: "head" }, "Rate of each latent"), list), draw };
}

/** The numbers 1, 2, … of places in the plane; those within a `reach`, across and up, of the first go together. */
function grouped(places, reach) {
  const groups = [];
  places.forEach((place, i) => {
    const close = ({ at }) => at.every((value, j) => Math.abs(value - place[j]) < reach[j]);
    const group = groups.find(close);
    if (group) group.numbers.push(i + 1);
    else groups.push({ at: place, numbers: [i + 1] });
  });
  return groups;
}

/** Rows of six small pictures under a line of words; `paintAll(list, theme)` takes 64 numbers for each. */
function makeStrip(labels, ...heading) {
  const canvases = labels.map((label) => imageCanvas([1, SIDE, SIDE], { "aria-label": label }));
  const images = h("div", { className: "images" }, ...canvases);
  const node = h("div", { className: "strip" }, h("p", {}, ...heading), images);
  const paintAll = (list, theme) => canvases.forEach((canvas, i) => paint(canvas, list[i], 1, theme));
  return { node, images, paintAll };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const spec = model.get("spec");
  const vae = makeModel(model);
  const reach = [spec.betas[0], spec.betas.at(-1)];
  const initial = { beta: model.get("beta"), seed: model.get("seed") };
  const inputs = Array.from({ length: spec.inputs }, (_, i) => i + 1);

  const now = () => clamp(model.get("beta"), reach);
  const ends = [Math.floor(STOPS * Math.log2(reach[0])), Math.ceil(STOPS * Math.log2(reach[1]))];
  const knob = slider(kit, {
    label: "β",
    min: ends[0],
    max: ends[1],
    step: 1,
    get: () => (now() === reach[0] ? ends[0] : STOPS * Math.log2(now())),
    put: (stop) => kit.put({ beta: clamp(Number(brief(2 ** (stop / STOPS))), reach) }),
    words: () => brief(now()),
  });
  const place = (beta) => `left:${(100 * (STOPS * Math.log2(beta) - ends[0])) / (ends[1] - ends[0])}%`;
  const scale = h(
    "div",
    { className: "scale", "aria-hidden": "true" },
    ...MARKED.map((beta) => h("span", { style: place(beta) }, String(beta))),
  );
  const verdict = h("p", { className: "verdict" });
  const plane = makePlane(kit);
  const curve = makeCurve(spec);
  const nats = makeNats(spec);
  const rebuilt = makeStrip(
    [...inputs.map((i) => `Input ${i}`), ...inputs.map((i) => `Reconstruction ${i}`)],
    "Inputs, and their reconstructions below",
  );
  rebuilt.images.style.gridTemplateColumns = `repeat(${spec.inputs},minmax(0,1fr))`;
  rebuilt.images.style.width = `${(100 * spec.inputs) / 6}%`;
  rebuilt.images.append(...inputs.map((i) => h("span", {}, String(i))));
  const samples = makeStrip(
    Array.from({ length: SAMPLES }, (_, i) => `Sample ${i + 1}`),
    "Samples from the prior, the same z at every β",
    redraw(kit, "New z"),
  );
  const names = ["Rate R", "Distortion D", "ELBO, −(D + R)", "β-objective, D + βR", "Active latents"];
  const table = readouts(names);
  kit.body.append(
    h("div", { className: "knob" }, knob.node, scale),
    verdict,
    h("div", { className: "halves" }, plane.node, h("div", {}, curve.node, nats.node)),
    h("div", { className: "strips" }, rebuilt.node, samples.node),
    table.node,
  );

  function say(found) {
    const count = sum(found.active);
    const wanted = model.get("beta");
    const outside = wanted === found.beta ? "" : `β = ${brief(wanted)} lies beyond the end of the slider. `;
    const lit = `${count} of ${found.k} latents ${count === 1 ? "is" : "are"} active`;
    const meaning = count
      ? `${lit}; a code costs ${show(found.rate)} nats`
      : "no latent is active; every digit comes back the same";
    verdict.textContent = `${outside}β = ${brief(found.beta)}: ${meaning}. Distortion ${show(found.distortion)} nats.`;
    const { rate, distortion, elbo, objective } = found;
    const texts = [rate, distortion, elbo, objective].map((value) => quantity(value, "nats", 2));
    table.set(Object.fromEntries([...texts, `${count} of ${found.k}`].map((text, i) => [names[i], text])));
    plane.describe(`The latent plane with the codes of ${spec.labels.length} digits. ${verdict.textContent}`);
    if (kit.hook.numbers) kit.say(verdict.textContent);
  }

  function drawNow() {
    const theme = kit.colours();
    const found = measure(vae, spec, now(), model.get("seed"));
    const onPlane = (values) => spec.axes.map((axis) => values[axis]);
    plane.drawGround(theme, found.points.map((z, n) => [onPlane(z), spec.labels[n]]));
    const pixel = (2 * spec.extent) / plane.node.clientWidth;
    plane.drawMarks((pen) => {
      const means = inputs.map((_, i) => onPlane(found.codes[i]));
      means.forEach((mean, i) => pen.ellipse({ mean, deviation: onPlane(found.deviations[i]) }, 1, { series: "q" }));
      grouped(means, [36 * pixel, 18 * pixel]).forEach(({ at, numbers }) =>
        pen.words(at, numbers.join(", "), { series: "q", dy: 5 }),
      );
    });
    rebuilt.paintAll([...vae.images.slice(0, spec.inputs), ...found.pictures], theme);
    samples.paintAll(found.pictures.slice(spec.inputs), theme);
    [curve, nats, knob].forEach((each) => each.draw(found));
    say(found);
    kit.hook.numbers = found;
  }

  const draw = oncePerFrame(kit.guard(drawNow));
  kit.on("beta seed", draw);
  kit.repaint(draw);
  kit.reset = () => kit.put(initial);
  draw();
});
