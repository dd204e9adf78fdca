// A Gaussian q for the hidden z of a model that can be solved: its ELBO and the gap stacked under ln p(x).

const CSS = FIGURES + PEAKS + `
.panels{display:grid;gap:20px 30px;grid-template-columns:minmax(0,1fr)}
@container (min-width:660px){.panels{grid-template-columns:minmax(0,1.35fr) minmax(270px,1fr)}}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;font-size:14px;margin:0 0 6px}
.legend span{display:flex;align-items:center;gap:7px;color:var(--series,var(--muted));font-weight:600}
.legend path{stroke:currentColor;stroke-width:2.4}
.pair,.trio{display:grid;gap:4px 20px;grid-template-columns:repeat(2,minmax(0,1fr))}
@container (min-width:560px){.trio{grid-template-columns:repeat(3,minmax(0,1fr))}}
.group{margin-top:10px}
.net{margin:8px 0 0;font-size:14px;font-weight:600;min-height:3em}
.piece{stroke-width:1.6}
.readouts{grid-template-columns:repeat(auto-fit,minmax(6.8rem,1fr))}
.tools{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin:16px 0 6px}
.tools .go{background:var(--accent);border-color:var(--accent);color:var(--card);font-weight:600;min-width:6.5em}
.tools .verdict{display:flex;align-items:center;margin:0;flex:1 1 220px;font-size:14px}
`;

const REACH = { mean: [-4, 4], variance: [0.01, 2], x: [-4, 4], weight: [-3, 3], sigma: [0.5, 3] };
const VIEW = [-5, 5];
const TOP = 1.6; // of the densities; a narrower q waits at the edge
const PRIOR = { mean: 0, sigma: 1 };
const FLOORS = [-4, -6, -10, -16, -25, -40]; // of the columns

// ---- the model ----

/** Everything there is to know, in nats, in closed form. */
function measure({ mean, variance, x, weight, sigma }) {
  const q = { mean, sigma: Math.sqrt(variance) };
  const precision = 1 + (weight / sigma) ** 2;
  const posterior = { mean: (weight * x) / sigma ** 2 / precision, sigma: Math.sqrt(1 / precision) };
  const reconstruction = logNormal(x, { mean: weight * mean, sigma }) - (weight ** 2 * variance) / (2 * sigma ** 2);
  const rate = Math.max(gaussianDivergence(q, PRIOR), 0);
  const entropy = LOG_ROOT + 0.5 + Math.log(q.sigma);
  const elbo = reconstruction - rate;
  return {
    logEvidence: logNormal(x, { mean: 0, sigma: Math.hypot(weight, sigma) }),
    elbo,
    gap: Math.max(gaussianDivergence(q, posterior), 0),
    reconstruction,
    rate,
    energy: elbo - entropy,
    entropy,
    posteriorMean: posterior.mean,
    posteriorVariance: 1 / precision,
  };
}

/**
 * The state after one step of gradient ascent on the ELBO in the mean and ln variance: a tenth of the slope, at most
 * 0.2 long. A step that would go down is halved.
 */
function stepUp(now) {
  const { mean, variance, x, weight, sigma } = now;
  const slope = [
    (weight * (x - weight * mean)) / sigma ** 2 - mean,
    (1 - variance * (1 + (weight / sigma) ** 2)) / 2,
  ];
  for (let rate = Math.min(0.1, 0.2 / Math.hypot(...slope)); ; rate /= 2) {
    const next = {
      ...now,
      mean: clamp(mean + rate * slope[0], REACH.mean),
      variance: clamp(variance * Math.exp(rate * slope[1]), REACH.variance),
    };
    if (measure(next).elbo >= measure(now).elbo) return next;
  }
}

/** The weight and sigma with the largest ELBO for this q. */
function bestTheta({ mean, variance, x }) {
  const weight = clamp((x * mean) / (mean ** 2 + variance), REACH.weight);
  const sigma = Math.sqrt((x - weight * mean) ** 2 + weight ** 2 * variance);
  return { weight, sigma: clamp(sigma, REACH.sigma) };
}

// ---- the columns ----

const amount = (x) => show(x, Math.abs(x) < 100 ? 3 : 1);

/** How the ELBO can be taken apart: the words of a line below the columns, and what a second column holds. */
const SPLITS = {
  gap: { terms: [["ln p(x)", "logEvidence"], ["gap", "gap"]], sign: "−" },
  rate: { terms: [["reconstruction", "reconstruction"], ["rate", "rate"]], sign: "−" },
  entropy: { terms: [["energy", "energy"], ["entropy", "entropy"]], sign: "+" },
};

const READOUTS = {
  logEvidence: "ln p(x)",
  elbo: "ELBO",
  gap: "Gap, KL(q‖p(z|x))",
  reconstruction: "Reconstruction",
  rate: "Rate, KL(q‖p(z))",
  energy: "Energy",
  entropy: "Entropy H(q)",
};

function makeColumns() {
  const [height, bottom] = [350, 32];
  const picture = chart({ label: "", height, left: 40, right: 6, top: 42, bottom });

  function draw(found, split) {
    const line = found.logEvidence;
    const floor = FLOORS.find((level) => line - level > 1.5) ?? FLOORS.at(-1); // it hears nothing of q
    picture.draw({ x: [0, 1], y: [floor, 0], xTicks: [], yTitle: "nats" }, (pen) => {
      const base = pen.Y(floor);
      const level = (value) => Math.min(pen.Y(value), base);
      const stop = (offset, opacity) =>
        svg("stop", { offset, "stop-color": "var(--r)", "stop-opacity": opacity });
      const ends = { x1: 0, x2: 0, y1: pen.Y(0), y2: base, gradientUnits: "userSpaceOnUse" };
      pen.add(svg("linearGradient", { id: "fade", ...ends }, stop(0, 0.5), stop(0.75, 0.5), stop(1, 0.05)));
      for (const series of "pq") {
        const turn = { patternUnits: "userSpaceOnUse", patternTransform: `rotate(${series === "q" ? 45 : -45})` };
        const stripe = svg("path", { d: "M0 0V6", stroke: `var(--${series})`, "stroke-width": 2.6 });
        pen.add(svg("pattern", { id: `hatch-${series}`, width: 6, height: 6, ...turn }, stripe));
      }
      const box = (x1, x2, from, to, fill, stroke) => {
        const size = { width: pen.X(x2) - pen.X(x1), height: Math.max(level(from) - level(to), 0) };
        const look = { fill, stroke: `var(--${stroke})`, class: "piece" };
        if (size.height > 0) pen.add(svg("rect", { x: pen.X(x1), y: level(to), ...size, ...look }));
      };
      const words = (x, y, rows, anchor = "middle", series = "") =>
        rows.forEach((row, i) => {
          const place = { x: pen.X(x), y: y + 14 * i, "text-anchor": anchor };
          pen.add(svg("text", { ...place, style: series && `fill:var(--${series})` }, row));
        });
      const arrow = (value) => `${amount(value)}${value < floor ? " ↓" : ""}`;

      /** One piece on another, from `low` and `high`, {name, value}; `between` is what makes the difference. */
      function column(x1, x2, name, low, high, between) {
        const middle = (x1 + x2) / 2;
        box(x1, x2, floor, low.value, "url(#fade)", "r");
        box(x1, x2, low.value, high.value, `url(#hatch-${between.series})`, between.series);
        const inside = Math.min(level(low.value) + 17, base - 22);
        if (base - level(high.value) > 42) words(middle, inside, [low.name, arrow(low.value)]);
        const half = clamp((level(low.value) + level(high.value)) / 2, [level(high.value) + 18, base - 22]);
        if (high.value > floor) words(x2 + 0.02, half, [between.name, amount(between.value)], "start", between.series);
        words(middle, base + 18, [name]);
        return { middle, above: level(high.value) };
      }

      const elbo = { name: "ELBO", value: found.elbo };
      const wide = split === "gap" ? 0.52 : 0.25;
      const evidence = { name: "ln p(x)", value: line };
      column(0.02, wide, "ELBO + gap", elbo, evidence, { name: "gap", value: found.gap, series: "q" });
      if (split !== "gap") {
        const [[name, key], [by]] = SPLITS[split].terms;
        const [low, high] = [elbo, { name, value: found[key] }].sort((a, b) => a.value - b.value);
        const title = split === "rate" ? "ELBO + rate" : "energy + entropy";
        const { middle, above } = column(0.52, 0.75, title, low, high, { name: by, value: found[by], series: "p" });
        words(middle, above - 20, [high.name, arrow(high.value)]);
        if (found.elbo > floor) pen.line(0.02, found.elbo, 0.75, found.elbo, { series: "r", dash: "2 4" });
      }
      pen.line(0, line, split === "gap" ? 1 : 0.42, line, { width: 3 });
      pen.words(0, line, `ln p(x) ${amount(line)}`, { anchor: "start", dx: 4, dy: -7 });
    });
    picture.describe(
      `A column under a line at ln p(x), ${amount(line)} nats: the ELBO reaches up to ${amount(found.elbo)}, ` +
        `and the gap of ${amount(found.gap)} fills the rest up to the line.`,
    );
  }
  return { node: picture.node, draw };
}

// ---- the widget ----

/** What each curve is, with a piece of its line. */
function makeLegend() {
  const entries = [["prior", "", "2 4"], ["posterior", "p", ""], ["q", "q", "7 5"]].map(([name, series, dash]) => {
    const words = h("b");
    const stroke = svg("path", { d: "M0 2H26", "stroke-dasharray": dash });
    const sample = svg("svg", { width: 26, height: 4, "aria-hidden": "true" }, stroke);
    return { name, words, node: h("span", { className: series && `of-${series}` }, sample, words) };
  });
  const draw = (gaussians) =>
    entries.forEach(({ name, words }) => (words.textContent = `${name} ${gaussians[name]}`));
  return { node: h("p", { className: "legend" }, ...entries.map(({ node }) => node)), draw };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const names = Object.keys(REACH);
  const now = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const start = now();
  let split = "gap";
  let going = 0; // the frame asked for while q climbs
  let steps = 0;

  const halt = () => ((going &&= cancelAnimationFrame(going)), (going = 0));
  kit.leave(halt);
  const byHand = (values) => (halt(), (steps = 0), kit.put(values));
  const putQ = ({ mean, sigma }) => byHand({ mean, variance: sigma ** 2 });

  const densities = densityChart({
    label: "",
    x: VIEW,
    top: TOP,
    height: 286,
    hands: [
      {
        name: "q",
        series: "q",
        reach: { mean: REACH.mean, sigma: REACH.variance.map(Math.sqrt) },
        get: () => ({ mean: model.get("mean"), sigma: Math.sqrt(model.get("variance")) }),
        put: putQ,
        home: () => byHand({ mean: start.mean, variance: start.variance }),
      },
    ],
  });
  const legend = makeLegend();
  const columns = makeColumns();
  const apart = choice(kit, {
    label: "Split the ELBO by",
    options: Object.keys(SPLITS).map((name) => [name, name]),
    get: () => split,
    put: (chosen) => ((split = chosen), draw()),
  });
  const trait = (name, label, step) => {
    const [min, max] = REACH[name];
    const put = (value) => byHand({ [name]: value });
    return slider(kit, { label, min, max, step, get: () => model.get(name), put, words: show });
  };
  const sliders = {
    q: [trait("mean", "mean", 0.05), trait("variance", "variance", 0.01)],
    world: [trait("x", "x", 0.05), trait("weight", "weight", 0.05), trait("sigma", "σ", 0.05)],
  };
  const button = (words, press) => h("button", { type: "button", onclick: kit.guard(press) }, words);
  const go = button("Climb", () => (going ? (halt(), draw()) : climb()));
  go.className = "go";
  const jump = button("Put q on the posterior", () => {
    const { posteriorMean, posteriorVariance } = measure(now());
    byHand({ mean: posteriorMean, variance: posteriorVariance });
  });
  const maximise = button("One M-step", () => byHand(bestTheta(now())));
  const line = h("p", { className: "verdict" });
  const sum = h("p", { className: "net" });
  const table = readouts(Object.values(READOUTS));
  const row = (name, nodes) => h("div", { className: name }, ...nodes.map(({ node }) => node));
  kit.body.append(
    h(
      "div",
      { className: "panels" },
      h("div", {}, legend.node, densities.node, group("q, dashed", "q", row("pair", sliders.q))),
      h("div", {}, apart.node, columns.node, sum),
    ),
    group("Data x and θ = (weight, σ)", "", row("trio", sliders.world)),
    h("div", { className: "tools" }, go, jump, maximise, line),
    table.node,
  );

  // ---- the climb ----

  const closed = () => measure(now()).gap < 1e-9;
  function advance(most) {
    let state = now();
    for (; most && measure(state).gap >= 1e-9; most--, steps++) state = stepUp(state);
    kit.put({ mean: state.mean, variance: state.variance });
  }
  const frame = kit.guard(() => {
    advance(1);
    going = closed() ? 0 : requestAnimationFrame(frame);
    draw();
  });
  function climb() {
    steps = 0;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) (advance(5000), draw());
    else going = requestAnimationFrame(frame);
  }

  // ---- drawing ----

  function verdict({ gap, logEvidence }) {
    const after = steps ? `After ${steps} ${steps === 1 ? "step" : "steps"}: ` : "";
    if (gap < 1e-9) return `${after}q is the posterior, the gap is closed, and the ELBO is ln p(x).`;
    if (after) return `${after}the gap is ${amount(gap)} nats.`;
    return `Whatever q does, ELBO + gap stays ${amount(logEvidence)} nats.`;
  }

  function drawDensities(q, posterior) {
    densities.draw({ xTitle: "z", xTicks: ticks(VIEW, 5), yTicks: [0, 0.4, 0.8, 1.2, 1.6] }, (pen) => {
      const every = places(VIEW, 500).concat(posterior.mean).sort((a, b) => a - b);
      const height = (z) => normal(z, posterior);
      pen.area(every.map((z) => [z, height(z)]), { series: "p" }).setAttribute("clip-path", "url(#view)");
      pen.density((z) => normal(z, PRIOR), { dash: "2 4" });
      pen.density(height, { series: "p" }, every);
      pen.density((z) => normal(z, q), { series: "q", dash: "7 5" });
    });
  }

  function drawNow() {
    const state = now();
    const found = measure(state);
    const { posteriorMean, posteriorVariance } = found;
    drawDensities(
      { mean: state.mean, sigma: Math.sqrt(state.variance) },
      { mean: posteriorMean, sigma: Math.sqrt(posteriorVariance) },
    );
    const gaussians = {
      prior: "N(0, 1)",
      posterior: `N(${show(posteriorMean)}, ${show(posteriorVariance)})`,
      q: `N(${show(state.mean)}, ${show(state.variance)})`,
    };
    legend.draw(gaussians);
    const said = Object.entries(gaussians).map((entry) => entry.join(" "));
    densities.describe(`Three densities over z: ${said.join(", ")}.`);
    columns.draw(found, split);
    const { terms, sign } = SPLITS[split];
    const [first, second] = terms.map(([name, key]) => `${name} ${amount(found[key])}`);
    sum.textContent = `ELBO ${amount(found.elbo)} = ${first} ${sign} ${second}`;
    [...sliders.q, ...sliders.world, apart].forEach((each) => each.draw());
    go.textContent = going ? "Stop" : "Climb";
    line.textContent = verdict(found);
    table.set(Object.fromEntries(Object.entries(READOUTS).map(([key, name]) => [name, quantity(found[key], "nats")])));
    if (kit.hook.numbers)
      kit.say(`ELBO ${amount(found.elbo)}, gap ${amount(found.gap)}, ln p(x) ${amount(found.logEvidence)} nats.`);
    kit.hook.numbers = { ...state, ...found, steps };
  }

  const draw = oncePerFrame(kit.guard(drawNow));
  kit.on(names.join(" "), draw);
  kit.repaint(draw);
  kit.reset = () => ((split = "gap"), byHand(start), draw());
  draw();
});
