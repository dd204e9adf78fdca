// What it costs to code outcomes from p with a code made for q, or with codewords of given lengths.

const CSS = FIGURES + `
.tools{display:flex;flex-wrap:wrap;gap:8px;font-size:14px;margin:12px 0 0}
.head{font-weight:600;margin:22px 0 6px;line-height:1.3}
.hint{color:var(--muted);font-size:13px;margin:-4px 0 12px}
.verdict{margin:6px 0 0;font-size:14px}
.verdict.wrong{border-left:4px solid #d72d47;background:var(--well);padding:8px 12px}
.owed{fill:var(--p)}
.extra{fill:url(#stripes);stroke:var(--q);stroke-width:1.2}
.slack{fill:url(#dots);stroke:var(--r);stroke-width:1.2}
.saved{fill:var(--card);fill-opacity:.72;stroke:var(--text);stroke-width:1.2;stroke-dasharray:3 3}
.chart .inside{font-weight:600}
.chart .on-p{fill:var(--card);stroke:none}
.brace{fill:none;stroke:var(--text);stroke-width:1.5}
.total{font-weight:600}
.share{fill:var(--r);stroke:var(--card);stroke-width:2}
.share.over{fill:url(#stripes)}
.idle{fill:var(--well);stroke:var(--muted);stroke-dasharray:3 3}
.sum div{border-left:5px solid var(--series,var(--text));padding-left:9px}
`;

const LONGEST = 10; // bits of a codeword, as in Python
const ROW = 42; // pixels for an outcome: its words, and below them its bar
const THICKEST = 18;

/** The end of an axis that reaches `needed`: it moves in steps, so that bars grow and not the scale. */
const axisEnd = (needed) => [2, 3, 4, 6, 8, 12, 16, 24, 32].find((end) => end >= 1.02 * needed) ?? 1.1 * needed;

/** The codewords of these lengths: shortest first, each takes the next free interval of [0, 1). */
function prefixCode(lengths) {
  const words = [];
  let start = 0;
  let before = 0;
  for (const i of shortestFirst(lengths)) {
    start *= 2 ** (lengths[i] - before);
    before = lengths[i];
    words[i] = before ? (start++).toString(2).padStart(before, "0") : "";
  }
  return words;
}

const shortestFirst = (lengths) => lengths.map((_, i) => i).sort((i, j) => lengths[i] - lengths[j] || i - j);

const bestLengths = (p) => codewords(huffmanTree(p)).map((word) => word.length);

/** Everything shown, in nats where the name does not say bits. With lengths, q is the distribution they imply. */
function measure(p, given, lengths) {
  const kraft = lengths && kraftSum(lengths);
  const q = lengths ? lengths.map((length) => 2 ** -length / kraft) : given;
  const found = {
    q,
    entropy: entropy(p),
    divergence: divergence(p, q),
    crossEntropy: crossEntropy(p, q),
    surpriseBits: p.map((x) => bits(surprise(x))),
    costBits: q.map((x) => bits(surprise(x))),
  };
  for (const name of ["entropy", "divergence", "crossEntropy"]) found[`${name}Bits`] = bits(found[name]);
  if (!lengths) return { ...found, totalBits: found.crossEntropyBits };
  return {
    ...found,
    kraft,
    slackBits: -Math.log2(kraft) + 0,
    totalBits: p.reduce((total, x, i) => total + x * lengths[i], 0),
    words: kraft > 1 ? null : prefixCode(lengths),
  };
}

/** Stripes and dots, so that no part is known by its colour alone. */
const patterns = () =>
  svg(
    "svg",
    { class: "unseen", "aria-hidden": "true" },
    svg(
      "pattern",
      { id: "stripes", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 7, height: 7, style: "fill:var(--q);fill-opacity:.25" }),
      svg("rect", { width: 3.5, height: 7, style: "fill:var(--q)" }),
    ),
    svg(
      "pattern",
      { id: "dots", width: 7, height: 7, patternUnits: "userSpaceOnUse" },
      svg("rect", { width: 7, height: 7, style: "fill:var(--r);fill-opacity:.2" }),
      svg("circle", { cx: 3.5, cy: 3.5, r: 1.7, style: "fill:var(--r)" }),
    ),
  );

/** The parts of a cost end to end: what is owed, what the code adds or saves, the slack. Infinity is at `end`. */
function drawParts(pen, end, [owed, cost, paid], top, height) {
  const at = (value) => pen.X(Math.min(value, end));
  const part = (className, from, to) => {
    const [low, high] = [at(Math.min(from, to)), at(Math.max(from, to))];
    if (high - low > 0.01) pen.add(svg("rect", { class: className, x: low, y: top, width: high - low, height }));
  };
  part("owed", 0, Math.min(owed, cost));
  if (cost > owed) part("extra", owed, cost);
  if (paid > cost) part("slack", cost, paid);
  if (cost < owed) part("saved", cost, owed);
  if (paid < cost) part("saved", paid, cost);
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const state = () => Object.fromEntries(["labels", "p", "q", "lengths"].map((name) => [name, model.get(name)]));
  const first = state();
  const total = (coded) => (coded ? "L" : "H(p, q)");
  let built = "";
  let view = null;

  /** Sliders for the lengths of the codewords. */
  function lengthSliders(labels) {
    const rows = labels.map((label, i) => {
      const named = { "aria-label": `Length of the word for ${label}` };
      const input = h("input", { type: "range", min: 0, max: LONGEST, step: 1, ...named });
      const output = h("output");
      input.oninput = kit.guard(() =>
        kit.put({ lengths: model.get("lengths").map((length, j) => (j === i ? Number(input.value) : length)) }),
      );
      return { input, output, node: h("label", { className: "bar" }, h("span", {}, label), input, output) };
    });
    const node = h(
      "fieldset",
      { className: "bars of-r" },
      h("legend", {}, "Lengths of the codewords, in bits"),
      ...rows.map((row) => row.node),
    );
    function draw() {
      model.get("lengths").forEach((length, i) => {
        const { input, output } = rows[i];
        input.value = length;
        input.style.setProperty("--share", `${(100 * length) / LONGEST}%`);
        output.textContent = length;
        input.setAttribute("aria-valuetext", `${length} bits`);
      });
    }
    return { node, draw };
  }

  function build({ labels, lengths }) {
    const coded = lengths !== null;
    const barsOf = (name, label) =>
      bars(kit, {
        label,
        series: name,
        outcomes: labels,
        get: () => model.get(name),
        put: (values) => kit.put({ [name]: values }),
        digits: 3,
      });
    const p = barsOf("p", "p, where outcomes come from");
    const q = coded ? lengthSliders(labels) : barsOf("q", "q, what the code was made for");
    const button = (words, call) => h("button", { type: "button", onclick: kit.guard(call) }, words);
    const tools = coded
      ? [button("the best lengths (Huffman)", () => kit.put({ lengths: bestLengths(model.get("p")) }))]
      : [
          button("make q equal p", () => kit.put({ q: model.get("p") })),
          button("swap p and q", () => kit.put({ p: model.get("q"), q: model.get("p") })),
        ];
    const stack = chart({ label: "", height: 146, left: 10, right: 14, top: 0 });
    const costs = chart({ label: "", height: labels.length * ROW + 44, left: 10, right: 14, top: 0 });
    const space = chart({ label: "", height: 76, left: 10, right: 14, top: 0, bottom: 32 });
    const parts = coded
      ? ["Entropy H(p)", "+ divergence KL(p ‖ q̂)", "+ slack log₂ 1/κ", "= expected length L"]
      : ["Entropy H(p)", "+ divergence KL(p ‖ q)", "= cross-entropy H(p, q)"];
    const numbers = readouts(parts);
    numbers.node.classList.add("sum");
    ["of-p", "of-q", ...(coded ? ["of-r"] : [])].forEach((series, i) => numbers.node.children[i].classList.add(series));
    const verdict = h("p", { className: "verdict" });
    const head = (words, hint) => [h("p", { className: "head" }, words), h("p", { className: "hint" }, hint)];
    kit.body.replaceChildren(
      patterns(),
      h("div", { className: "columns" }, p.node, q.node),
      h("div", { className: "tools" }, ...tools),
      h("p", { className: "head" }, "Bits for an outcome, on average"),
      stack.node,
      numbers.node,
      ...(coded ? [...head("Code space", "A word of 1 bit takes ½ of it, a word of 2 bits ¼, of 3 bits ⅛."), space.node] : []),
      verdict,
      ...head(
        "Bits for each outcome",
        coded
          ? "−log₂ p → −log₂ q̂ → length. The bars are as thick as their outcomes are frequent."
          : "−log₂ p → −log₂ q. The bars are as thick as their outcomes are frequent.",
      ),
      costs.node,
    );
    return { coded, parts, p, q, stack, costs, space, numbers, verdict };
  }

  function drawStack({ p }, found) {
    const { entropyBits: H, crossEntropyBits: cost, totalBits } = found;
    const end = Number.isFinite(cost) ? axisEnd(Math.max(Math.log2(p.length), cost, totalBits)) : 8;
    view.stack.draw({ x: [0, end], y: [0, 1], xTitle: "bits", yTicks: [] }, (pen) => {
      drawParts(pen, end, [H, cost, totalBits], 2, 40);
      const right = pen.X(end);
      const edge = pen.X(Math.min(totalBits, end));
      const name = (words, from, to, className) =>
        Math.abs(to - from) > 8.5 * words.length &&
        pen.add(svg("text", { class: className, x: (from + to) / 2, y: 27, "text-anchor": "middle" }, words));
      const middle = pen.X(Math.min(cost, end));
      name("H(p)", pen.X(0), Math.min(pen.X(H), edge), "inside on-p");
      name("KL", pen.X(H), Math.max(pen.X(H), Math.min(middle, edge)), "inside");
      name("slack", middle, edge, "inside");
      const tip = Number.isFinite(totalBits) ? `M${edge} 50V60` : `M${edge - 6} 50L${edge} 55L${edge - 6} 60`;
      pen.add(svg("path", { class: "brace", d: `M${pen.X(0)} 50V60M${pen.X(0)} 55H${edge}${tip}` }));
      const words = `${total(view.coded)} = ${quantity(totalBits, Number.isFinite(totalBits) ? "bits" : "")}`;
      const room = 4 * words.length;
      const x = Math.max(pen.X(0), Math.min((pen.X(0) + edge) / 2 - room, right - 2 * room));
      pen.add(svg("text", { class: "total", x, y: 77, "text-anchor": "start" }, words));
    });
    const said = [...view.numbers.node.children].map((part) => [...part.children].map((node) => node.textContent));
    view.stack.describe(`Stacked lengths: ${said.map((words) => words.join(" ")).join("; ")}.`);
  }

  function drawCosts({ labels, p, lengths }, found) {
    const { surpriseBits, costBits } = found;
    const often = Math.max(...p);
    const happens = [surpriseBits, costBits].flatMap((values) => values.filter((_, i) => p[i] > 0));
    const end = axisEnd(Math.max(3.9, ...happens.filter(Number.isFinite), ...(lengths ?? [])));
    view.costs.draw({ x: [0, end], y: [0, 1], xTitle: "bits", yTicks: [] }, (pen) => {
      labels.forEach((label, i) => {
        const top = i * ROW;
        const middle = top + 16 + THICKEST / 2;
        const thick = Math.max(1, (THICKEST * p[i]) / often);
        const steps = [surpriseBits[i], costBits[i]].map((value) => quantity(value, "", 2));
        const words = [...steps, ...(lengths ? [lengths[i]] : [])].join(" → ");
        const short = label.length > 18 ? `${label.slice(0, 17)}…` : label;
        pen.add(svg("path", { class: "axis", d: `M${pen.X(0)} ${middle}H${pen.X(end)}` }));
        if (p[i] > 0)
          drawParts(pen, end, [surpriseBits[i], costBits[i], lengths?.[i] ?? costBits[i]], middle - thick / 2, thick);
        pen.add(svg("text", { x: pen.X(0), y: top + 11, class: "total" }, short));
        pen.add(svg("text", { x: pen.X(end), y: top + 11, "text-anchor": "end" }, words));
      });
    });
    const paid = (lengths ?? costBits).map((value) => quantity(value, "", 2));
    const said = labels.map((label, i) => `${label} ${quantity(surpriseBits[i], "", 2)} ideally, ${paid[i]} paid`);
    view.costs.describe(`Bits for each outcome: ${said.join("; ")}.`);
  }

  function drawSpace({ labels, lengths }, { kraft }) {
    const marks = kraft > 4 ? ticks([0, kraft]) : ticks([0, Math.max(1, kraft)], 4);
    view.space.draw({ x: [0, Math.max(1, kraft)], y: [0, 1], xTicks: marks, yTicks: [] }, (pen) => {
      const box = (className, from, to, words) => {
        const [x, width] = [pen.X(from), pen.X(to) - pen.X(from)];
        pen.add(svg("rect", { class: className, x, y: 2, width, height: 34 }));
        const look = className === "share" ? "inside on-p" : "inside";
        if (width > 7.5 * words.length + 4)
          pen.add(svg("text", { class: look, x: x + width / 2, y: 24, "text-anchor": "middle" }, words));
      };
      let from = 0;
      for (const i of shortestFirst(lengths)) {
        const to = from + 2 ** -lengths[i];
        box(to > 1 ? "share over" : "share", from, to, labels[i]);
        from = to;
      }
      if (kraft < 1) box("idle", from, 1, "unused");
      if (kraft > 1) pen.add(svg("path", { class: "brace", style: "stroke-width:3", d: `M${pen.X(1)} -3V44` }));
    });
    view.space.describe(`The words take ${show(kraft, 3)} of the code space.`);
  }

  function verdictOf({ labels, p }, found) {
    const { kraft, slackBits, divergenceBits: extra, entropyBits } = found;
    if (kraft > 1)
      return (
        `κ = ${show(kraft, 3)}, more than 1: the words do not fit into the code space, so no prefix code has these ` +
        `lengths. The negative slack, ${quantity(slackBits, "bits")}, is no saving: nobody could decode the message.`
      );
    if (kraft === 1) return `κ = 1: the code space is full, and no word can be shortened alone. ${spelt(labels, found)}`;
    if (kraft)
      return (
        `κ = ${show(kraft, 3)}: the rest of the code space is unused, which costs ${quantity(slackBits, "bits")} ` +
        `on every outcome. ${spelt(labels, found)}`
      );
    if (!Number.isFinite(extra)) {
      const missing = labels.filter((_, i) => p[i] > 0 && found.q[i] === 0);
      return `q rules out what happens: ${missing.join(", ")}. No number of bits is enough for that.`;
    }
    if (extra < 1e-12) return "q = p: the code fits, and the cost is the entropy.";
    const share = entropyBits > 0 ? `, ${show(100 * (extra / entropyBits), 0)} % on top of the entropy` : "";
    return `The wrong code costs ${quantity(extra, "bits")} more for an outcome${share}.`;
  }

  const spelt = (labels, { words }) =>
    `Words of these lengths: ${labels.map((label, i) => `${label} ${words[i] || "(empty)"}`).join(", ")}.`;

  function draw() {
    const now = state();
    const sizes = [now.p, now.q, now.lengths ?? now.p].map((values) => values.length);
    if (sizes.some((size) => size !== now.labels.length)) return; // the rest of a change is still on its way
    const key = JSON.stringify([now.labels, now.lengths === null]);
    if (built !== key) [built, view] = [key, build(now)];
    const found = measure(now.p, now.q, now.lengths);
    view.p.draw();
    view.q.draw();
    const both = (value) =>
      value === Infinity ? "∞" : `${quantity(bits(value), "bits")} = ${quantity(value, "nats")}`;
    const slack = view.coded ? [found.slackBits * Math.LN2] : [];
    [found.entropy, found.divergence, ...slack, found.totalBits * Math.LN2].forEach((value, i) =>
      view.numbers.set({ [view.parts[i]]: both(value) }),
    );
    drawStack(now, found);
    drawCosts(now, found);
    if (view.coded) drawSpace(now, found);
    view.verdict.textContent = verdictOf(now, found);
    view.verdict.classList.toggle("wrong", found.kraft > 1);
    if (kit.hook.numbers)
      kit.say(
        `Entropy ${quantity(found.entropyBits, "", 2)}, divergence ${quantity(found.divergenceBits, "", 2)}, ` +
          (view.coded ? `slack ${quantity(found.slackBits, "", 2)}, ` : "") +
          `together ${quantity(found.totalBits, "bits", 2)}.`,
      );
    kit.hook.numbers = found;
  }

  const later = oncePerFrame(kit.guard(draw));
  kit.on("p q labels lengths", later);
  kit.repaint(later);
  kit.reset = () => kit.put(first);
  later();
});
