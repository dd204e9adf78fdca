// The evidence of a model that is solved exactly, estimated from samples again and again.
// z ~ N(0, I) and x ~ N(z, noise² I) in d dimensions, at x = 0: the posterior is N(0, s² I), s² = noise²/(1 + noise²).

const CSS = FIGURES + PEAKS + `
.panels{display:grid;gap:18px 30px;grid-template-columns:minmax(0,1fr)}
@container (min-width:660px){
.panels{grid-template:auto 1fr/minmax(0,1.5fr) minmax(290px,1fr)}
.side{grid-area:1/2/3/3}
}
.side{display:grid;gap:14px;align-content:start}
.frame .verdict{margin:0}
.head{font-weight:600;font-size:14px;margin:0 0 2px}
.head+.chart{margin-bottom:10px}
.dots{fill:none;stroke:var(--p);stroke-linecap:round}
.scale{position:relative;height:36px;margin:-4px 8px 0;font-size:12px;line-height:16px;color:var(--muted)}
.scale span{position:absolute;white-space:nowrap}
.scale .mark{top:0;padding:0 5px}
.scale .before{transform:translateX(-100%);border-right:2px solid var(--r)}
.scale .after{border-left:2px solid var(--q)}
.scale .narrow{top:18px;left:0;border-top:3px dashed var(--text)}
.numbers td small{font-weight:400}
.again{justify-self:start}
.frame .choice label{padding:0 10px}
`;

const RUNS = 300;
const GRID = 20; // points per axis
const DOT = 6; // pixels from one to the next
const BLOCK = 2 ** 17; // more random numbers than one run takes: 11 for a sample in 19 dimensions

/** Where a logarithmic slider stops: numbers with two digits that count, from one power of ten to another. */
const stops = (low, high) => [
  ...new Set(places([low, high], 20 * (high - low)).map((power) => Number((10 ** power).toPrecision(2)))),
];
const SAMPLES = stops(0, 4);
const WIDTHS = stops(-2, 1).filter((width) => width >= 0.02 && width <= 2);

const COSTS = {
  needed: "Samples for an error of 10\u00a0%",
  grid: `Points of a grid, ${GRID} per axis: ${GRID}ᵈ`,
  r: "Per dimension, r = E w²/p²",
  R: "In all, R = rᵈ",
};
const NAMES = { prior: "prior", posterior: "posterior", gaussian: "Gaussian" };

// ---- theory ----

/** What is known without a sample; everything but the evidence depends on the ratio of the two variances alone. */
function theory({ dimension, samples, proposal, width: chosen, noise }) {
  const posterior = noise / Math.sqrt(1 + noise ** 2);
  const width = { prior: 1, posterior, gaussian: chosen }[proposal];
  const ratio = (width / posterior) ** 2;
  const bounded = ratio > 0.5; // else E w² is infinite
  const logR = bounded ? dimension * (Math.log(ratio) - Math.log(2 * ratio - 1) / 2) : Infinity;
  const excess = Math.max(Math.expm1(logR), 0); // Var(w) / p²; rounding may leave less than nothing
  return {
    posterior,
    width,
    ratio,
    exact: (-dimension / 2) * Math.log(2 * Math.PI * (1 + noise ** 2)),
    r: Math.exp(logR / dimension),
    R: Math.exp(logR),
    needed: excess / 0.1 ** 2,
    relative: Math.sqrt(excess / samples),
    bias: -excess / (2 * samples),
    effective: samples / Math.exp(logR),
    grid: GRID ** dimension,
  };
}

// ---- simulation ----

/** Half the squared length of `d` standard normal numbers: two share one logarithm, as Box and Muller have it. */
function halfSquare(d, uniform) {
  let product = 1;
  for (let i = 0; i < d >> 1; i++) product *= 1 - uniform();
  const pairs = -Math.log(product);
  return d % 2 ? pairs - Math.log(1 - uniform()) * Math.cos(2 * Math.PI * uniform()) ** 2 : pairs;
}

/**
 * One estimate: ln p̂(x)/p(x) and the effective number of samples. A weight w/p depends on z only through |z|², so that
 * is all that is drawn. The weights are added up relative to the largest so far, whose logarithm is kept. A run's
 * numbers are its own, and more samples begin with the same ones.
 */
function estimate({ dimension, samples, seed }, { ratio }, run) {
  const uniform = uniforms(seed, run * BLOCK);
  let [largest, sum, squares] = [-Infinity, 0, 0];
  for (let k = 0; k < samples; k++) {
    const log = (1 - ratio) * halfSquare(dimension, uniform);
    if (log > largest) {
      const shrink = Math.exp(largest - log);
      [largest, sum, squares] = [log, sum * shrink, squares * shrink ** 2];
    }
    const weight = Math.exp(log - largest);
    sum += weight;
    squares += weight ** 2;
  }
  const log = (dimension / 2) * Math.log(ratio) + largest + Math.log(sum / samples);
  return { log, effective: sum ** 2 / squares };
}

/** Mean and standard deviation. */
function moments(numbers) {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const square = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (numbers.length - 1);
  return { mean, deviation: numbers.length > 1 ? Math.sqrt(square) : 0 };
}

// ---- words ----

/** A number of any size, with about three digits that count. */
function amount(x) {
  const size = Math.abs(x);
  if (!Number.isFinite(x)) return "∞";
  if (size < 5e-13) return "0"; // what rounding leaves
  if (size < 1e-3 || size >= 1e5) return (x < 0 ? "−" : "") + scientific(Math.log(size));
  return show(x, size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0);
}

const count = (x) => (x < 1e6 ? String(Math.max(Math.ceil(x), 1)) : amount(x));
const percent = (share) => (Number.isFinite(share) ? `${amount(100 * share)}\u00a0%` : "∞");

function verdict({ proposal, samples }, { posterior, width, relative }, measured) {
  if (proposal === "posterior")
    return (
      "Every weight is exactly p(x): one sample is enough. But whoever knows the posterior’s density knows p(x) already."
    );
  if (!Number.isFinite(relative))
    return (
      `The proposal is too narrow: below the posterior’s width/√2 = ${show(posterior / Math.SQRT2, 3)} the weights ` +
      "have infinite variance. Now and then one huge weight comes; no theory of the spread holds."
    );
  const [theory, found] = [percent(relative), percent(measured)];
  if (relative > 1 && measured < relative / 2)
    return (
      `p̂(x) is off by ${theory} in theory, yet these runs show only ${found}: the rare samples that carry p(x) have ` +
      "not come. The bias of the logarithm by the delta method holds only where the error is small."
    );
  if (relative > 1) return `The error of p̂(x) is ${theory}, far too many for the delta method.`;
  if (relative > 0.1) return `The error of p̂(x) is ${theory} in theory, ${found} in these runs.`;
  const short = width < posterior ? " The proposal is narrower than the posterior: mind its tails." : "";
  return `The error of p̂(x) is below 10\u00a0%: ${theory} in theory, ${found} in these runs of ${samples}.${short}`;
}

// ---- the widget ----

/** A slider over a trait that moves from one of the `stops` to the next. */
const stepped = (kit, { label, stops, get, put, words }) =>
  slider(kit, {
    label,
    min: 0,
    max: stops.length - 1,
    step: 1,
    get: () => stops.reduce((best, x, i) => (Math.abs(x - get()) < Math.abs(stops[best] - get()) ? i : best), 0),
    put: (i) => put(stops[i]),
    words: () => words(get()),
  });

/** The width slider's scale, and where on it the posterior and the prior stand. */
function makeScale() {
  const [before, after, narrow] = [["mark before", "posterior"], ["mark after", "prior"], ["narrow", "too narrow"]].map(
    ([className, words]) => h("span", { className }, words),
  );
  const node = h("div", { className: "scale", "aria-hidden": "true" }, before, after, narrow);
  const share = (width) => `${(100 * Math.log(width / WIDTHS[0])) / Math.log(WIDTHS.at(-1) / WIDTHS[0])}%`;
  function draw({ posterior }) {
    before.style.left = share(posterior);
    after.style.left = share(1);
    narrow.style.width = share(posterior / Math.SQRT2);
  }
  return { node, draw };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const names = ["dimension", "samples", "proposal", "width", "noise", "seed"];
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const initial = read();
  let state = null; // what the runs below belong to,
  let known = null; // its theory,
  let runs = []; // and the runs so far: they may take many frames

  const strip = chart({ label: "", height: 230, left: 14, right: 14, top: 30 });
  const shells = chart({ label: "", height: 150, left: 14, right: 14, top: 22 });
  const dimension = slider(kit, {
    label: "Dimension d",
    min: 1,
    max: 20,
    step: 1,
    get: () => model.get("dimension"),
    put: (value) => kit.put({ dimension: value }),
    words: String,
  });
  const samples = stepped(kit, {
    label: "Samples K",
    stops: SAMPLES,
    get: () => model.get("samples"),
    put: (value) => kit.put({ samples: value }),
    words: String,
  });
  const proposal = choice(kit, {
    label: "Draw from",
    options: Object.entries(NAMES),
    get: () => model.get("proposal"),
    put: (value) => kit.put({ proposal: value }),
  });
  const width = stepped(kit, {
    label: "Width of the proposal",
    stops: WIDTHS,
    get: () => known.width,
    put: (value) => kit.put({ proposal: "gaussian", width: value }),
    words: (value) => show(value, value < 0.1 ? 4 : 3),
  });
  const scale = makeScale();
  const again = redraw(kit, "New samples");
  again.className = "again";

  const rows = Object.fromEntries(
    [
      ["mean", "ln p(x)", "mean of the dots"],
      ["bias", "bias of ln p̂(x)", "mean − exact"],
      ["relative", "error of p̂(x)", "sd relative to p(x)"],
      ["effective", "effective samples", "first dot"],
    ].map(([key, words, note]) => {
      const cells = [h("td"), h("td")];
      return [key, { cells, node: h("tr", {}, h("th", { scope: "row" }, words, h("small", {}, note)), ...cells) }];
    }),
  );
  const heads = ["", "measured", "theory"].map((words) => h("th", { scope: "col" }, words));
  const table = h(
    "table",
    { className: "numbers" },
    h("thead", {}, h("tr", {}, ...heads)),
    h("tbody", {}, ...Object.values(rows).map(({ node }) => node)),
  );
  const line = h("p", { className: "verdict" });
  const costs = readouts(Object.values(COSTS));
  const head = h("p", { className: "head" });
  kit.body.append(
    h(
      "div",
      { className: "panels" },
      h(
        "div",
        {},
        head,
        strip.node,
        h("p", { className: "head" }, "Where the samples fall"),
        shells.node,
      ),
      h(
        "div",
        { className: "side" },
        dimension.node,
        samples.node,
        proposal.node,
        h("div", {}, width.node, scale.node),
        again,
        table,
      ),
      line,
    ),
    costs.node,
  );

  /** The estimates as dots, piled up where they fall together. */
  function drawStrip(logs, mean) {
    const [low, high] = [Math.min(...logs), Math.max(...logs)];
    const span = Math.max(-low, high, 0.04) * 1.04;
    const [left, right] = [-low, high].map((reach) => roundUp(Math.max(reach * 1.04, span / 4)));
    const x = [known.exact - left, known.exact + right];
    strip.draw({ x, y: [0, 1], xTicks: ticks(x, 4), yTicks: [], xTitle: "estimate ln p̂(x), nats" }, (pen) => {
      const [middle, perNat] = [pen.X(known.exact), pen.X(known.exact + 1) - pen.X(known.exact)];
      const piles = new Map();
      const dots = logs.map((log) => {
        const column = Math.round((log * perNat) / DOT);
        piles.set(column, (piles.get(column) ?? 0) + 1);
        return [column, piles.get(column)];
      });
      const step = Math.min(DOT, 126 / Math.max(...piles.values()));
      const at = ([column, level]) =>
        `M${(middle + column * DOT).toFixed(1)} ${(pen.Y(0) + 2 - level * step).toFixed(1)}h0`;
      pen.line(known.exact, 0, known.exact, 1, { width: 2 });
      pen.add(svg("path", { class: "dots", d: dots.map(at).join(""), "stroke-width": DOT - 1 }));
      pen.line(known.exact + mean, 0, known.exact + mean, 0.9, { series: "q", dash: "6 4", width: 2 });
      const side = mean > 0 ? 1 : -1; // the words stand away from each other
      const anchor = (sign) => (sign > 0 ? "start" : "end");
      pen.words(known.exact, 1, "exact", { anchor: anchor(-side), dx: -5 * side, dy: 2 });
      pen.words(known.exact + mean, 0.9, "mean", { anchor: anchor(side), dx: 5 * side, dy: 6, series: "q" });
    });
  }

  /** Densities of ln|z|, each with the same peak: the two have one shape, which narrows as d grows. */
  function drawShells({ dimension: d }) {
    const x = [-2, 1.3];
    const density = (spread) => (power) => {
      const scaled = (10 ** power / spread) ** 2;
      return Math.exp((d * Math.log(scaled / d) + d - scaled) / 2);
    };
    const curve = (spread) => places(x, 330).map((power) => [power, density(spread)(power)]);
    const axes = { x, y: [0, 1], xTicks: [], yTicks: [], xTitle: "distance |z| from the origin, logarithmic" };
    shells.draw(axes, (pen) => {
      for (const power of [-2, -1, 0, 1])
        pen.add(
          svg("text", { x: pen.X(power), y: pen.Y(0) + 16, class: "tick", "text-anchor": "middle" }, String(10 ** power)),
        );
      pen.area(curve(known.posterior), { series: "r" });
      pen.curve(curve(known.posterior), { series: "r" });
      pen.curve(curve(known.width), { series: "q", dash: "7 5" });
      const side = known.width < known.posterior ? -1 : 1; // the words stand away from each other
      [[known.posterior, "posterior", "r", -side], [known.width, "proposal", "q", side]].forEach(
        ([spread, words, series, sign]) => {
          const place = pen.X(Math.log10(spread * Math.sqrt(d))) + 4 * sign;
          const inside = sign > 0 ? Math.min(place, pen.width - 60) : Math.max(place, 62);
          const dx = inside - pen.X(0);
          pen.words(0, 1, words, { anchor: sign > 0 ? "start" : "end", dx, dy: -7, series });
        },
      );
    });
    shells.describe(
      `The proposal's samples fall about ${show(known.width * Math.sqrt(d))} from the origin; ` +
        `the posterior has its mass about ${show(known.posterior * Math.sqrt(d))} from it.`,
    );
  }

  function drawRuns() {
    const logs = runs.map((run) => run.log);
    const { mean, deviation } = moments(logs);
    const { deviation: relative } = moments(logs.map(Math.exp));
    const done = runs.length === RUNS;
    const numbers = {
      ...known,
      mean: known.exact + mean,
      meanBias: mean,
      spread: deviation,
      measured: relative,
      effectiveMeasured: runs[0].effective,
      estimates: logs.map((log) => known.exact + log),
      runs: runs.length,
    };
    drawStrip(logs, mean);
    const many = done ? RUNS : `${runs.length} of ${RUNS}`;
    head.textContent = `${many} estimates, ${state.samples} ${state.samples > 1 ? "samples" : "sample"} each`;
    const cells = {
      mean: [show(numbers.mean, 3), show(known.exact, 3)],
      bias: [amount(mean), Number.isFinite(known.bias) ? amount(known.bias) : "—"],
      relative: [percent(relative), percent(known.relative)],
      effective: [amount(numbers.effectiveMeasured), known.effective < 1 ? "below 1" : amount(known.effective)],
    };
    for (const [key, words] of Object.entries(cells))
      words.forEach((text, i) => (rows[key].cells[i].textContent = text));
    const error = deviation / Math.sqrt(runs.length);
    rows.bias.cells[0].append(h("small", {}, `± ${amount(error)}`));
    rows.bias.cells[1].append(h("small", {}, known.relative > 1 ? "does not hold" : "delta method"));
    line.textContent = verdict(state, known, relative);
    strip.describe(
      `${runs.length} estimates of ln p(x): mean ${show(numbers.mean, 3)}, standard deviation ${amount(deviation)} nats; ` +
        `exact ${show(known.exact, 3)}.`,
    );
    if (done && kit.hook.numbers)
      kit.say(`Mean of the estimates ${show(numbers.mean, 3)} nats, exact ${show(known.exact, 3)}. ${line.textContent}`);
    kit.hook.numbers = numbers;
  }

  function drawNow() {
    const now = read();
    if (JSON.stringify(now) !== JSON.stringify(state)) {
      [state, known, runs] = [now, theory(now), []];
      [dimension, samples, proposal, width].forEach((control) => control.draw());
      scale.draw(known);
      const words = { needed: count(known.needed), grid: count(known.grid), r: amount(known.r), R: amount(known.R) };
      costs.set(Object.fromEntries(Object.entries(COSTS).map(([key, name]) => [name, words[key]])));
    }
    const until = performance.now() + 6; // the rest of a frame is for drawing
    while (runs.length < RUNS && (performance.now() < until || !runs.length))
      runs.push(estimate(state, known, runs.length));
    drawShells(state);
    drawRuns();
    if (runs.length < RUNS) draw();
  }
  const draw = oncePerFrame(kit.guard(drawNow));
  drawNow();
  kit.on(names.join(" "), draw);
  kit.repaint(draw);
  kit.reset = () => kit.put(initial);
});
