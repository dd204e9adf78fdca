// Two Gaussians, and where the divergence of one from the other comes from.

const CSS = FIGURES + PEAKS + `
.panels{display:grid;gap:14px 30px;grid-template-columns:minmax(0,1fr)}
@container (min-width:660px){.panels{grid-template-columns:minmax(0,1.75fr) minmax(250px,1fr)}}
.side{display:grid;gap:14px;align-content:start}
.pair{display:grid;gap:4px 20px;grid-template-columns:repeat(2,minmax(0,1fr))}
.net{margin:2px 0 0;text-align:center;font-size:14px}
.crossing{stroke:var(--muted);stroke-dasharray:2 4}
.key{fill:var(--well);stroke:var(--muted)}
.shade{display:flex;justify-content:space-between;flex-wrap:wrap;gap:6px 14px;margin:6px 0 8px}
.shaded th::before{content:"";display:inline-block;width:11px;height:11px;margin-right:7px;border-radius:2px;background:var(--series)}
`;

const VIEW = [-10, 10];
const REACH = { mean: [-5, 5], sigma: [0.2, 5] };
const SCALES = Array.from({ length: 15 }, (_, i) => 2 ** (i - 1)); // heights of the lower chart, from ½ to 8192

/** Where ln(p/q), which is a x² + b x + c, changes its sign; in order. */
function crossings(p, q) {
  const [tight, loose] = [p, q].map(({ sigma }) => 1 / sigma ** 2);
  const a = (loose - tight) / 2;
  const b = p.mean * tight - q.mean * loose;
  const c = Math.log(q.sigma / p.sigma) + (q.mean ** 2 * loose - p.mean ** 2 * tight) / 2;
  const half = -(b + (b < 0 ? -1 : 1) * Math.sqrt(Math.max(b * b - 4 * a * c, 0))) / 2; // without cancellation
  return [half / a, c / half].filter(Number.isFinite).sort((one, other) => one - other);
}

const integrand = (p, q) => (x) => normal(x, p) * (logNormal(x, p) - logNormal(x, q));

/** The stretches from `low` to `high` on which ln(p/q) keeps its sign. */
function stretches(p, q, [low, high]) {
  const ends = [low, ...crossings(p, q).filter((x) => low < x && x < high), high];
  return ends.slice(1).map((end, i) => [ends[i], end]);
}

/** The areas between the integrand of KL(p || q) and zero: above it and, negative, below it. */
function areas(p, q, range) {
  const pieces = stretches(p, q, range).map(([low, high]) => integrate(integrand(p, q), low, high));
  const total = (sign) => pieces.reduce((all, area) => all + (sign * area > 0 ? area : 0), 0);
  return { above: total(1), below: total(-1) };
}

/** Jensen and Shannon's divergence, by quadrature. */
function jensenShannonGaussians(p, q) {
  const share = (x, one, other) => {
    const ahead = Math.min(logNormal(x, other) - logNormal(x, one), 700);
    return (normal(x, one) * (Math.LN2 - Math.log1p(Math.exp(ahead)))) / 2;
  };
  const low = Math.min(p.mean - 9 * p.sigma, q.mean - 9 * q.sigma);
  const high = Math.max(p.mean + 9 * p.sigma, q.mean + 9 * q.sigma);
  return sumUp((x) => share(x, p, q) + share(x, q, p), low, high, Math.min(p.sigma, q.sigma) / 20);
}

/** Everything shown, in nats. `first` is the one that averages. */
function measure(p, q, first, second) {
  const all = [first.mean - 12 * first.sigma, first.mean + 12 * first.sigma];
  const seen = [Math.max(all[0], VIEW[0]), Math.min(all[1], VIEW[1])];
  const [area, inView] = [areas(first, second, all), areas(first, second, seen)];
  const size = ({ above, below }) => above - below;
  return {
    klPQ: gaussianDivergence(p, q),
    klQP: gaussianDivergence(q, p),
    jeffreys: gaussianDivergence(p, q) + gaussianDivergence(q, p),
    jensenShannon: Math.max(jensenShannonGaussians(p, q), 0),
    ...area,
    outside: size(area) > 0 ? 1 - size(inView) / size(area) : 0,
  };
}

const amount = (x) => show(x, x < 100 ? 3 : 1);

function verdict({ klPQ, klQP }, p, q) {
  if (klPQ === 0) return "p and q are the same: every divergence is zero.";
  if (p.sigma === q.sigma) return "Equal σ: the two directions agree. Each is (difference of the means)² / 2σ² nats.";
  const [large, small] = klPQ > klQP ? ["KL(p‖q)", "KL(q‖p)"] : ["KL(q‖p)", "KL(p‖q)"];
  const ratio = Math.max(klPQ, klQP) / Math.min(klPQ, klQP);
  return `${large} is ${show(ratio, ratio < 100 ? 2 : 0)} times ${small}: the average under the wider Gaussian is the larger one.`;
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const state = () => ({ mean: model.get("mean"), sigma: model.get("sigma"), under: model.get("under") });
  const start = state();
  const pair = ({ mean, sigma }) => mean.map((m, i) => ({ mean: m, sigma: sigma[i] }));
  const swap = (values, i, value) => values.map((old, j) => (j === i ? value : old));
  const change = (i, gaussian) =>
    kit.put(Object.fromEntries(["mean", "sigma"].map((name) => [name, swap(model.get(name), i, gaussian[name])])));

  const names = ["p", "q"];
  const above = densityChart({
    label: "Two Gaussian densities",
    x: VIEW,
    top: 0.8,
    height: 262,
    hands: names.map((name, i) => ({
      name,
      series: name,
      reach: REACH,
      get: () => pair(state())[i],
      put: (gaussian) => change(i, gaussian),
      home: () => change(i, pair(start)[i]),
    })),
  });
  const below = chart({ label: "", height: 220, left: 40, right: 12, top: 26 });
  const sliders = names.map((name, i) =>
    [["mean", "μ"], ["sigma", "σ"]].map(([trait, letter]) => {
      const [min, max] = REACH[trait];
      return slider(kit, {
        label: `${letter} of ${name}`,
        min,
        max,
        step: 0.05,
        get: () => model.get(trait)[i],
        put: (value) => kit.put({ [trait]: swap(model.get(trait), i, value) }),
        words: show,
      });
    }),
  );
  const shade = choice(kit, {
    label: "Shade the integrand of",
    options: [["p", "KL(p‖q)"], ["q", "KL(q‖p)"]],
    get: () => model.get("under"),
    put: (under) => kit.put({ under }),
  });
  const rows = Object.fromEntries(
    [
      ["klPQ", "KL(p‖q)"],
      ["klQP", "KL(q‖p)"],
      ["jeffreys", "Their sum", "Jeffreys"],
      ["jensenShannon", "Jensen–Shannon", "never above 1 bit"],
    ].map(([key, words, note]) => {
      const head = h("th", { scope: "row" }, words, ...(note ? [h("small", {}, note)] : []));
      const cells = [h("td"), h("td")];
      return [key, { cells, node: h("tr", {}, head, ...cells) }];
    }),
  );
  const heads = ["", "bits", "nats"].map((words) => h("th", { scope: "col" }, words));
  const table = h(
    "table",
    { className: "numbers" },
    h("thead", {}, h("tr", {}, ...heads)),
    h("tbody", {}, ...Object.values(rows).map(({ node }) => node)),
  );
  const net = h("p", { className: "net" });
  const line = h("p", { className: "verdict" });
  const controls = names.map((name, i) =>
    group(
      { p: "p, solid", q: "q, dashed" }[name],
      name,
      h("div", { className: "pair" }, ...sliders[i].map(({ node }) => node)),
    ),
  );
  kit.body.append(
    h(
      "div",
      { className: "panels" },
      h("div", {}, above.node, h("div", { className: "shade" }, shade.node), below.node, net),
      h("div", { className: "side" }, ...controls, table, line),
    ),
  );

  function drawAbove(p, q) {
    const axes = { xTicks: ticks(VIEW, 5), xTitle: "", yTicks: [0, 0.2, 0.4, 0.6, 0.8] };
    above.draw(axes, (pen) => {
      crossings(p, q).forEach((x) => crossing(pen, x, normal(x, p), 0));
      pen.density((x) => normal(x, p), { series: "p" });
      pen.density((x) => normal(x, q), { series: "q", dash: "7 5" });
    });
  }

  /** A dotted line where p = q, if in view. */
  function crossing(pen, x, from, to) {
    if (VIEW[0] < x && x < VIEW[1])
      pen.line(x, from, x, to, { width: 1 }).setAttribute("class", "crossing");
  }

  function drawBelow(first, second, found, under) {
    const over = under === "p" ? "q" : "p";
    const f = integrand(first, second);
    const every = places(VIEW, 600).concat(first.mean).sort((a, b) => a - b);
    const values = every.map(f);
    const [lowest, highest] = [Math.min(...values), Math.max(...values)];
    const top = SCALES.find((scale) => highest < 0.85 * scale && lowest > -0.2 * scale);
    const y = [-top / 3, top];
    const axes = { x: VIEW, y, xTicks: ticks(VIEW, 5), yTicks: ticks([0, top], 3) };
    const yTitle = `${under} ln(${under}/${over}), in nats per unit of x`;
    below.draw({ ...axes, xTitle: "x", yTitle }, (pen) => {
      pen.add(
        svg(
          "pattern",
          { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
          svg("path", { d: "M0 0V6", stroke: `var(--${under})`, "stroke-width": 2.6 }),
        ),
      );
      crossings(first, second).forEach((x) => crossing(pen, x, top, 0));
      for (const [low, high] of stretches(first, second, VIEW)) {
        const inside = [low, ...every.filter((x) => low < x && x < high), high];
        const shape = pen.area(inside.map((x) => [x, f(x)]), { series: under });
        if (f((low + high) / 2) < 0) shape.setAttribute("style", "fill:url(#hatch);fill-opacity:1");
      }
      pen.line(VIEW[0], 0, VIEW[1], 0, { width: 1 });
      pen.curve(every.map((x, i) => [x, values[i]]), { series: under });
      const label = (x, y, text, dy) =>
        pen.words(x, y, text, { dy, anchor: x < -8 ? "start" : x > 8 ? "end" : "middle" });
      const at = (value) => every[values.indexOf(value)];
      if (found.above >= 0.0005) label(at(highest), highest, `area +${amount(found.above)}`, -8);
      if (found.below <= -0.0005) label(at(lowest), lowest, `area ${amount(found.below)}`, 16);
      key(pen, at(highest) > 0 ? -9 : 7, top);
    });
    const direction = under === "p" ? "KL(p‖q)" : "KL(q‖p)";
    const [plain, hatched] = [amount(found.above), amount(-found.below)];
    net.textContent = `${direction} = ${plain} − ${hatched} = ${amount(found.above + found.below)} nats`;
    below.describe(
      `The integrand of ${direction}: the area above zero is ${plain} nats, the hatched area below zero ${hatched} nats.`,
    );
  }

  /** A box two units wide and a quarter of the chart's height, which tells how large an area is. */
  function key(pen, x, top) {
    const [left, upper] = [pen.X(x), pen.Y(top)];
    const [width, height] = [pen.X(x + 2) - left, pen.Y(0.75 * top) - upper];
    pen.add(svg("rect", { class: "key", x: left, y: upper, width, height }));
    pen.words(x + 1, 0.75 * top, `${show(top / 2, top < 2 ? 2 : 0)} ${top === 2 ? "nat" : "nats"}`, { dy: 15 });
  }

  function draw() {
    const now = state();
    const [p, q] = pair(now);
    const [first, second] = now.under === "p" ? [p, q] : [q, p];
    const found = measure(p, q, first, second);
    drawAbove(p, q);
    above.describe(
      `Two Gaussian densities. p has mean ${show(p.mean)} and standard deviation ${show(p.sigma)}; ` +
        `q has mean ${show(q.mean)} and standard deviation ${show(q.sigma)}.`,
    );
    drawBelow(first, second, found, now.under);
    sliders.flat().forEach((each) => each.draw());
    shade.draw();
    for (const [key, { cells, node }] of Object.entries(rows)) {
      cells[0].textContent = amount(bits(found[key]));
      cells[1].textContent = amount(found[key]);
      const shaded = key === (now.under === "p" ? "klPQ" : "klQP");
      node.className = shaded ? `shaded of-${now.under}` : "";
    }
    const outside = found.outside > 0.01 ? ` ${Math.round(100 * found.outside)}% of the shaded area lies outside the picture.` : "";
    line.textContent = verdict(found, p, q) + outside;
    if (kit.hook.numbers)
      kit.say(`KL p to q ${amount(bits(found.klPQ))} bits, q to p ${amount(bits(found.klQP))} bits.`);
    kit.hook.numbers = found;
  }

  const later = oncePerFrame(kit.guard(draw));
  kit.on("mean sigma under", later);
  kit.repaint(later);
  kit.reset = () => kit.put(start);
  later();
});
