// Sequences drawn from one of two distributions: their log-likelihood ratio per symbol, as they grow.

const CSS = FIGURES + `
.tools{display:flex;flex-wrap:wrap;gap:10px 22px;align-items:end;margin:14px 0 6px;font-size:14px}
.tools .slider{flex:1 1 190px}
.lane{fill:none;stroke:var(--series);stroke-width:1.3;opacity:.55}
.lane.first{stroke-width:2.6;opacity:1}
.sequence{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13.5px;overflow-wrap:anywhere;margin:6px 0 0}
`;

const LANES = 6;
const SHOWN = 36; // symbols of the first sequence that are written out

/** Which symbol a uniform number stands for; an outcome of probability 0 is never drawn. */
function symbolAt(p, u) {
  let last = 0;
  for (let i = 0, below = 0; i < p.length; i++) {
    if (p[i] === 0) continue;
    last = i;
    below += p[i];
    if (u < below) return i;
  }
  return last;
}

const logRatio = (p, q) => p.map((x, i) => Math.log(x) - Math.log(q[i]));

/** The symbols of one sequence, the mean log ratio after each, and how often each symbol came. */
function run(from, ratio, numbers) {
  const symbols = Array.from(numbers, (u) => symbolAt(from, u));
  const counts = from.map(() => 0);
  let total = 0;
  const means = symbols.map((symbol, i) => {
    counts[symbol]++;
    return (total += ratio[symbol]) / (i + 1);
  });
  return { symbols, counts, means };
}

/** At most some 250 of the places 1 to n: all of them, or evenly spread. */
function places(n) {
  const step = Math.max(1, Math.floor(n / 250));
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => Math.min(1 + i * step, n)).concat(n);
}

/** A probability ratio, written so that very large and very small ones stay readable. */
function asRatio(log) {
  if (!Number.isFinite(log)) return log > 0 ? "∞" : "0";
  if (Math.abs(log) < Math.log(1e4)) return show(Math.exp(log), 4);
  return scientific(log);
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const names = ["labels", "p", "q", "n", "source", "seed"];
  const initial = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const picture = chart({ label: "", height: 270, left: 46, right: 14, top: 22 });
  const source = choice(kit, {
    label: "Draw from",
    options: [["p", "p"], ["q", "q"]],
    get: () => model.get("source"),
    put: (value) => kit.put({ source: value }),
  });
  const length = slider(kit, {
    label: "Length n",
    min: 2,
    max: 2000,
    step: 1,
    get: () => model.get("n"),
    put: (n) => kit.put({ n }),
    words: (n) => `${n} symbols`,
  });
  const again = redraw(kit, "New sequences");
  const written = h("p", { className: "sequence" });
  const table = readouts([
    "KL(p‖q)",
    "KL(q‖p)",
    "Thick line at n",
    "Ratio p(X)/q(X)",
    "KL(p̂‖q) − KL(p̂‖p)",
  ]);
  const columns = h("div", { className: "columns" });
  let pair = [];
  kit.body.append(
    columns,
    h("div", { className: "tools" }, source.node, length.node, again),
    picture.node,
    written,
    table.node,
  );

  function makeBars() {
    pair = ["p", "q"].map((series) =>
      bars(kit, {
        label: `Distribution ${series}`,
        series,
        outcomes: model.get("labels"),
        get: () => model.get(series),
        put: (values) => kit.put({ [series]: values }),
      }),
    );
    columns.replaceChildren(...pair.map((one) => one.node));
  }

  function drawRace(lanes, { from, ratio, limits, n, series }) {
    const finite = limits.filter(Number.isFinite);
    const reach = Math.max(0.3, ...finite.map(Math.abs)) * 1.7;
    const clip = (y) => Math.min(Math.max(y, -reach), reach);
    const at = places(n);
    const [mean, square] = [1, 2].map((k) => from.reduce((sum, x, i) => (x > 0 ? sum + x * ratio[i] ** k : sum), 0));
    const spread = Math.sqrt(Math.max(square - mean ** 2, 0));
    const frame = { x: [1, n], y: [-reach, reach], xTitle: "symbols so far", yTitle: "ln p(X)/q(X) per symbol, nats" };
    picture.draw(frame, (pen) => {
      if (Number.isFinite(spread)) {
        const edge = (sign) => at.map((t) => [t, clip(mean + (sign * 2 * spread) / Math.sqrt(t))]);
        const upper = edge(1);
        pen.area([...upper, ...edge(-1).reverse()], { series, base: upper[0][1] });
      }
      pen.line(1, 0, n, 0);
      limits.forEach((limit, i) => {
        if (Number.isFinite(limit)) pen.line(1, limit, n, limit, { series: "pq"[i], dash: "6 4" });
      });
      lanes.forEach(({ means }, lane) => {
        const path = at.map((t, i) => `${i ? "L" : "M"}${pen.X(t).toFixed(1)} ${pen.Y(clip(means[t - 1])).toFixed(1)}`);
        pen.add(svg("path", { d: path.join(""), class: `lane of-${series}${lane ? "" : " first"}` }));
      });
      ["KL(p‖q)", "−KL(q‖p)"].forEach((name, i) => {
        if (!Number.isFinite(limits[i])) return;
        const beyond = limits[i] < 0 ? 30 : -24; // clear of the lines that gather here
        pen.words(n, limits[i], name, { anchor: "end", dx: -4, dy: beyond, series: "pq"[i] });
      });
    });
  }

  function drawNow() {
    const [p, q, n, series] = ["p", "q", "n", "source"].map((name) => model.get(name));
    const labels = model.get("labels");
    if (p.length !== labels.length || q.length !== labels.length) return; // the rest of the change is on its way
    if (pair.length === 0 || pair.labels !== labels.join()) makeBars();
    pair.labels = labels.join();
    [...pair, source, length].forEach((control) => control.draw());
    const from = series === "p" ? p : q;
    const ratio = logRatio(p, q);
    const draws = Float64Array.from({ length: LANES * n }, uniforms(model.get("seed")));
    const lanes = Array.from({ length: LANES }, (_, k) => run(from, ratio, draws.subarray(k * n, (k + 1) * n)));
    const limits = [divergence(p, q), -divergence(q, p)];
    drawRace(lanes, { from, ratio, limits, n, series });

    const [first] = lanes;
    const seen = first.counts.map((count) => count / n);
    const perSymbol = first.means[n - 1];
    const difference = divergence(seen, q) - divergence(seen, p);
    const both = (x) => `${quantity(x, "nats")} = ${quantity(bits(x), "bits")}`;
    table.set({
      "KL(p‖q)": both(limits[0]),
      "KL(q‖p)": both(-limits[1]),
      "Thick line at n": quantity(perSymbol, "nats per symbol"),
      "Ratio p(X)/q(X)": asRatio(perSymbol * n),
      "KL(p̂‖q) − KL(p̂‖p)": quantity(difference, "nats"),
    });
    const start = first.symbols.slice(0, SHOWN).map((symbol) => labels[symbol]);
    const counted = labels.map((label, i) => `${label} ${first.counts[i]}`).join(", ");
    written.textContent = `X = ${start.join(" ")}${n > SHOWN ? " …" : ""} (${counted})`;
    kit.hook.numbers = {
      forward: limits[0],
      reverse: -limits[1],
      perSymbol,
      difference,
      counts: first.counts,
      ends: lanes.map(({ means }) => means[n - 1]),
    };
    picture.describe(
      `${LANES} sequences from ${series}: the thick line ends at ${quantity(perSymbol, "nats per symbol")} after ${n} symbols; ` +
        `the limits are ${quantity(limits[0], "")} and ${quantity(limits[1], "")}.`,
    );
    kit.say(`After ${n} symbols from ${series}: ${quantity(perSymbol, "nats per symbol")}`);
  }
  const draw = oncePerFrame(kit.guard(drawNow));
  drawNow();
  kit.on(names.join(" "), draw);
  kit.repaint(draw);
  kit.reset = () => kit.put(initial);
});
