// The derivative of an average under a Gaussian in its mean, estimated in three ways from the same draws.

const CSS = FIGURES + PEAKS + `
.bar-top{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;gap:8px 18px;margin-bottom:10px}
.trio{display:grid;gap:4px 22px;margin:10px 0 14px;grid-template-columns:minmax(0,1fr)}
@container (min-width:560px){.trio{grid-template-columns:repeat(3,minmax(0,1fr))}}
.numbers tbody th{font-weight:600;color:var(--series)}
.chart .lane{font-weight:600;font-size:13px}
.verdict{font-size:15px}
`;

const ESTIMATES = 1000;
const MOST = 100; // samples in an estimate
const BINS = 81;

// ---- the estimates ----

/**
 * What f is and how its gradient behaves: `exact`, the best constant `baseline`, and the variances of an estimate from
 * one sample.
 */
const OBJECTIVES = {
  square: (mean, sigma) => ({
    f: (z) => z * z,
    slope: (z) => 2 * z,
    exact: 2 * mean,
    baseline: mean ** 2 + 3 * sigma ** 2,
    variances: {
      score: mean ** 4 / sigma ** 2 + 14 * mean ** 2 + 15 * sigma ** 2,
      baseline: 8 * mean ** 2 + 6 * sigma ** 2,
      reparameterised: 4 * sigma ** 2,
    },
  }),
  step: (mean, sigma) => {
    const at = -mean / sigma; // where the step is, in standard deviations
    const bell = (e) => normal(e, { mean: 0, sigma: 1 });
    const baseline = integrate((e) => e * e * bell(e), at, at + 25, 2000);
    return {
      f: (z) => (z > 0 ? 1 : 0),
      slope: () => 0,
      exact: bell(at) / sigma,
      baseline,
      variances: {
        score: (baseline - bell(at) ** 2) / sigma ** 2,
        baseline: Math.max(baseline - baseline ** 2 - bell(at) ** 2, 0) / sigma ** 2,
        reparameterised: 0,
      },
    };
  },
};

/** 1,000 estimates in each of the three ways; an estimate keeps its draws when it gets more. */
function estimate(noise, { f, slope, baseline }, { position, sigma, samples }) {
  const values = { score: [], baseline: [], reparameterised: [] };
  for (let k = 0; k < ESTIMATES; k++) {
    let [plain, less, path] = [0, 0, 0];
    for (let j = 0; j < samples; j++) {
      const e = noise[k * MOST + j];
      const z = position + sigma * e;
      plain += (f(z) * e) / sigma;
      less += ((f(z) - baseline) * e) / sigma;
      path += slope(z);
    }
    values.score.push(plain / samples);
    values.baseline.push(less / samples);
    values.reparameterised.push(path / samples);
  }
  return values;
}

/** Mean, standard deviation, and the share that does not point where the exact gradient does; null if that is 0. */
function summary(values, exact) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const astray = values.filter((value) => value * exact <= 0).length;
  return { mean, sd: Math.sqrt(squares / (values.length - 1)), wrong: exact ? astray / values.length : null };
}

/** How many values fall into each of the bins from `low` to `high`. */
function histogram(values, [low, high]) {
  const counts = Array(BINS).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value - low) / (high - low)) * BINS);
    if (bin >= 0 && bin < BINS) counts[bin]++;
  }
  return counts;
}

// ---- the widget ----

const WAYS = [
  ["score", "q", "Score function"],
  ["baseline", "r", "Score + baseline"],
  ["reparameterised", "p", "Reparameterised"],
];
const amount = (x) => show(x, Math.abs(x) < 10 ? 2 : 1);
const percent = (x) => `${show(100 * x, x < 0.1 ? 1 : 0)}%`;
const times = (x) => show(x, x < 10 ? 1 : 0);

export default widget(CSS, (kit) => {
  const { model } = kit;
  const names = ["position", "sigma", "samples", "seed", "objective"];
  const now = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const start = now();
  let noise = null;
  let drawn = null; // the seed of this noise

  const picture = chart({ label: "", height: 370, left: 8, right: 8, top: 26, bottom: 40 });
  const objective = choice(kit, {
    label: "f(z) is",
    options: [["square", "z²"], ["step", "1 if z > 0, else 0"]],
    get: () => model.get("objective"),
    put: (chosen) => kit.put({ objective: chosen }),
  });
  const again = redraw(kit, "Draw again");
  const trait = (name, label, [min, max], step, words) =>
    slider(kit, { label, min, max, step, get: () => model.get(name), put: (value) => kit.put({ [name]: value }), words });
  const sliders = [
    trait("samples", "samples per estimate", [1, MOST], 1, String),
    trait("position", "position μ", [-3, 3], 0.1, show),
    trait("sigma", "σ", [0.2, 3], 0.1, show),
  ];
  const rows = WAYS.map(([, series, name]) => {
    const cells = ["mean", "sd", "theory", "wrong"].map(() => h("td"));
    const head = h("th", { scope: "row", className: `of-${series}` }, name.replace("param", "param\u00ad"));
    return { cells, node: h("tr", {}, head, ...cells) };
  });
  const heads = ["", "mean", "sd", "sd in theory", "wrong or no sign"].map((words) => h("th", { scope: "col" }, words));
  const table = h(
    "table",
    { className: "numbers" },
    h("thead", {}, h("tr", {}, ...heads)),
    h("tbody", {}, ...rows.map(({ node }) => node)),
  );
  const line = h("p", { className: "verdict" });
  kit.body.append(
    h("div", { className: "bar-top" }, objective.node, again),
    picture.node,
    h("div", { className: "trio" }, ...sliders.map(({ node }) => node)),
    table,
    line,
  );

  /** Three lanes over one axis, which does not hear of the number of samples. */
  function drawLanes(values, found, exact, reach) {
    const x = [exact - reach, exact + reach];
    const axes = { x, y: [0, 3], xTicks: ticks(x, 5), yTicks: [], xTitle: "estimate of the gradient" };
    picture.draw(axes, (pen) => {
      WAYS.forEach(([way, series, name], i) => {
        const base = 2.18 - i;
        const counts = histogram(values[way], x);
        const most = Math.max(...counts, 1);
        const outline = counts.flatMap((count, bin) =>
          [bin, bin + 1].map((edge) => [x[0] + (2 * reach * edge) / BINS, base + (0.56 * count) / most]),
        );
        pen.line(x[0], base, x[1], base, { width: 1 }).setAttribute("class", "axis");
        pen.area(outline, { series, base });
        pen.curve(outline, { series }).style.strokeWidth = "1.5px";
        const { mean, sd } = found[way];
        const ends = [mean - sd, mean + sd].map((end) => clamp(end, x));
        pen.line(ends[0], base - 0.075, ends[1], base - 0.075, { series, width: 5 });
        pen.words(x[0], base + 0.66, name, { anchor: "start", series }).setAttribute("class", "lane");
        pen.words(x[1], base + 0.66, `sd ${amount(sd)}`, { anchor: "end", series }).setAttribute("class", "lane");
      });
      pen.line(exact, 0, exact, 3, { dash: "5 4" });
      pen.words(exact, 3, `exact ${amount(exact)}`, { dy: -8 });
    });
    const said = WAYS.map(([way, , name]) => {
      const { mean, sd } = found[way];
      return `${name}: mean ${amount(mean)}, standard deviation ${amount(sd)}`;
    });
    picture.describe(`Histograms of ${ESTIMATES} estimates round the exact gradient ${amount(exact)}. ${said.join("; ")}.`);
  }

  function verdict({ variances }, state) {
    if (state.objective === "step")
      return "A step has no slope where a sample falls: the reparameterised gradient is 0 every time, and no number of samples mends that.";
    const [score, baseline] = ["score", "baseline"].map((way) => times(variances[way] / variances.reparameterised));
    return `One reparameterised sample is worth ${score} of the score function, or ${baseline} with the best baseline.`;
  }

  function drawNow() {
    const state = now();
    if (drawn !== state.seed) [noise, drawn] = [normals(state.seed, ESTIMATES * MOST), state.seed];
    const truth = OBJECTIVES[state.objective](state.position, state.sigma);
    const values = estimate(noise, truth, state);
    const found = Object.fromEntries(
      WAYS.map(([way]) => {
        const theory = Math.sqrt(truth.variances[way] / state.samples);
        return [way, { ...summary(values[way], truth.exact), theory }];
      }),
    );
    const reach = Math.max(3 * Math.sqrt(truth.variances.score), 0.2);
    drawLanes(values, found, truth.exact, reach);
    WAYS.forEach(([way], i) => {
      const { mean, sd, theory, wrong } = found[way];
      const words = [amount(mean), amount(sd), amount(theory), wrong === null ? "–" : percent(wrong)];
      rows[i].cells.forEach((cell, j) => (cell.textContent = words[j]));
    });
    const outside = values.score.filter((value) => Math.abs(value - truth.exact) > reach).length;
    const beyond = outside ? ` ${outside} of the 1,000 score estimates lie outside the picture.` : "";
    line.textContent = verdict(truth, state) + beyond;
    [...sliders, objective].forEach((control) => control.draw());
    if (kit.hook.numbers)
      kit.say(WAYS.map(([way, , name]) => `${name}: standard deviation ${amount(found[way].sd)}`).join(". "));
    kit.hook.numbers = { ...state, exact: truth.exact, bestBaseline: truth.baseline, ...found, outside };
  }

  const draw = oncePerFrame(kit.guard(drawNow));
  kit.on(names.join(" "), draw);
  kit.repaint(draw);
  kit.reset = () => kit.put(start);
  draw();
});
