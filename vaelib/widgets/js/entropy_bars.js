// Entropy while a reader drags the distribution: against the largest it can be, and beside the best prefix code.

const CSS = FIGURES + `
.tools{display:flex;flex-wrap:wrap;gap:8px;align-items:center;font-size:14px;margin:0 0 12px}
.tools.below{margin:10px 0 0}
.code{width:100%;align-self:start;border-collapse:collapse;font-size:14px}
.code th{font-size:12.5px;font-weight:400;color:var(--muted);text-align:right;vertical-align:bottom;padding:0 0 4px 8px;white-space:nowrap}
.code td{text-align:right;padding:0 0 0 8px;height:36px;line-height:1;vertical-align:middle;white-space:nowrap}
.code .tree{width:100%;padding:0;vertical-align:top}
.code .tree svg{display:block;width:100%;min-width:70px;overflow:visible}
.code .left{text-align:left}
.code .outcome{text-align:left;max-width:5em;overflow:hidden;text-overflow:ellipsis;font-weight:600}
.code .word{text-align:left;padding-left:12px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-weight:600;color:var(--q)}
.code .word-head,.code td.narrow{padding-left:12px}
.code .none{font-family:inherit;font-weight:400;color:var(--muted)}
.code .never{color:var(--muted)}
.code tfoot td{border-top:1px solid var(--line);font-weight:600}
.code .mean{text-align:right;font-weight:400;color:var(--muted)}
.code .of-p{color:var(--p)}.code .of-q{color:var(--q)}
.branch{fill:none;stroke:var(--muted);stroke-width:1.6}
.leader{stroke:var(--line);stroke-width:1.6;stroke-dasharray:2 4}
.node{fill:var(--muted)}
.leaf{fill:var(--q)}
.digit{fill:var(--q);font-size:12px;font-weight:700;text-anchor:middle;paint-order:stroke;stroke:var(--card);stroke-width:3px}
.weight{fill:var(--muted);font-size:11px}
@container (min-width:600px){.code .narrow{visibility:hidden}.readouts{grid-template-columns:repeat(3,minmax(0,1fr))}}
@container (max-width:599px){.code .wide{display:none}.readouts{grid-template-columns:repeat(2,minmax(0,1fr))}}
.head{font-weight:600;margin:22px 0 6px;line-height:1.3}
.verdict{margin:4px 0 0;font-size:14px}
.track{fill:var(--well);stroke:var(--line)}
.full{fill:var(--p)}
.chart .inside{fill:var(--card);stroke:none;font-weight:600}
.room{fill:var(--q);fill-opacity:.16}
.end{stroke:var(--q);stroke-width:2;fill:none}
`;

const ROW = 36; // pixels, as in the table's style
const MOST = 8;

// Ways to set the bars; each gets the labels that are there and returns labels and bars.
const EXAMPLES = {
  uniform: (labels) => ({ labels, p: labels.map(() => 1 / labels.length) }),
  halves: (labels) => ({ labels, p: labels.map((_, i) => 2 ** -Math.min(i + 1, labels.length - 1)) }),
  weather: () => ({ labels: ["sunny", "rain"], p: [0.75, 0.25] }),
  "one certain": (labels) => ({ labels, p: labels.map((_, i) => (i ? 0 : 1)) }),
};

/** One outcome more, with an equal share; the others keep their proportions. */
function withOneMore({ labels, p }) {
  const name = [..."abcdefgh"].find((letter) => !labels.includes(letter));
  return { labels: [...labels, name], p: [...p.map((x) => (x * p.length) / (p.length + 1)), 1 / (p.length + 1)] };
}

/** The last outcome taken away; what it had goes to the others. */
function withOneLess({ labels, p }) {
  const last = p.length - 1;
  return { labels: labels.slice(0, last), p: withBar(p, last, 0).slice(0, last) };
}

/** Huffman's code for the outcomes that happen at all; null is the word of one that never does. */
function bestCode(p) {
  const sent = p.flatMap((x, i) => (x > 0 ? [i] : []));
  const tree = huffmanTree(sent.map((i) => p[i]));
  const words = p.map(() => null);
  codewords(tree).forEach((word, i) => (words[sent[i]] = word));
  return { tree, words };
}

/** The order of words down the tree; outcomes without a word come last. */
const rank = (a, b) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1);

/** Everything shown, in nats where the name does not say bits. */
function measure(p, words) {
  const lengths = words.map((word) => word?.length ?? null);
  const sent = lengths.filter((length) => length !== null);
  return {
    entropy: entropy(p),
    entropyBits: bits(entropy(p)),
    largestBits: Math.log2(p.length),
    lengthBits: p.reduce((total, x, i) => total + x * (lengths[i] ?? 0), 0),
    kraft: kraftSum(sent),
    surpriseBits: p.map((x) => bits(surprise(x))),
    lengths,
    words,
  };
}

/** The code as a tree that grows to the right, a leaf in every row. */
function drawTree(node, tree, depth, rows) {
  const width = node.clientWidth;
  const step = Math.min(52, (width - 16) / Math.max(depth, 1));
  const x = (level) => 6 + level * step;
  const later = []; // nodes and digits lie over the branches
  let leaves = 0;
  node.replaceChildren();

  function grow({ p, children }, level) {
    if (!children) {
      const y = (leaves++ + 0.5) * ROW;
      node.append(svg("path", { class: "leader", d: `M${x(level)} ${y}H${width}` }));
      later.push(svg("circle", { class: "leaf", cx: x(level), cy: y, r: 4.5 }));
      return y;
    }
    const heights = children.map((child) => grow(child, level + 1));
    const middle = (heights[0] + heights[1]) / 2;
    heights.forEach((y, digit) => {
      node.append(svg("path", { class: "branch", d: `M${x(level)} ${middle}V${y}H${x(level + 1)}` }));
      later.push(svg("text", { class: "digit", x: x(level) + step / 2, y: digit ? y + 13 : y - 5 }, String(digit)));
    });
    later.push(svg("circle", { class: "node", cx: x(level), cy: middle, r: 3 }));
    if (step > 42) later.push(svg("text", { class: "weight", x: x(level) + 7, y: middle + 4 }, show(p)));
    return middle;
  }
  grow(tree, 0);
  node.append(...later);
  node.setAttribute("height", rows * ROW);
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const state = () => ({ labels: model.get("labels"), p: model.get("p") });
  const first = state();
  const button = (words, call, label = words) =>
    h("button", { type: "button", onclick: kit.guard(call), "aria-label": label }, words);

  const examples = Object.entries(EXAMPLES).map(([name, make]) =>
    button(name, () => kit.put(make(model.get("labels")))),
  );
  const fewer = button("− outcome", () => kit.put(withOneLess(state())), "One outcome fewer");
  const more = button("+ outcome", () => kit.put(withOneMore(state())), "One outcome more");
  const place = h("div");
  const table = h("table", { className: "code" });
  const tree = svg("svg", { role: "img" });
  const scale = chart({ label: "", height: 156, left: 10, right: 12, top: 8 });
  const verdict = h("p", { className: "verdict" });
  const numbers = readouts([
    "Entropy H",
    "Entropy in nats",
    "Largest, log₂ K",
    "Expected length L",
    "Excess L − H",
    "Kraft sum of the code",
  ]);
  kit.body.append(
    h("div", { className: "tools", role: "group", "aria-label": "Examples" }, ...examples),
    h(
      "div",
      { className: "columns" },
      h("div", {}, place, h("div", { className: "tools below" }, fewer, more)),
      table,
    ),
    h("p", { className: "head" }, "Entropy, and the room it leaves the best code: H ≤ L < H + 1"),
    scale.node,
    verdict,
    numbers.node,
  );

  let sliders = null;
  let named = "";
  function nameBars(labels) {
    if (named === labels.join("\n")) return;
    named = labels.join("\n");
    sliders = bars(kit, {
      label: "Probabilities p",
      series: "p",
      outcomes: labels,
      get: () => model.get("p"),
      put: (p) => kit.put({ p }),
      digits: 3,
    });
    place.replaceChildren(sliders.node);
    fewer.disabled = labels.length === 2;
    more.disabled = labels.length === MOST;
  }

  function drawTable({ labels, p }, code, found) {
    const order = labels.map((_, i) => i).sort((i, j) => rank(code.words[i], code.words[j]) || i - j);
    const cell = (className, text) => h("td", { className }, text);
    const rows = order.map((i, row) => {
      const word = code.words[i];
      const outcome = cell("outcome", labels[i]);
      outcome.title = labels[i];
      return h(
        "tr",
        { className: word === null ? "never" : "" },
        ...(row ? [] : [h("td", { className: "tree", rowSpan: p.length }, tree)]),
        outcome,
        cell("", show(p[i], 3)),
        cell("", quantity(found.surpriseBits[i], "", 2)),
        cell(word ? "word" : "word none", word === null ? "none" : word || "empty"),
        cell("wide", word === null ? "–" : String(word.length)),
      );
    });
    const heads = ["code tree", "", "p", "−log₂ p", "word", "bits"].map((text, i) =>
      h("th", { scope: "col", className: ["left", "", "", "", "left word-head", "wide"][i] }, text),
    );
    const foot = h(
      "tr",
      {},
      h("td", { className: "mean", colSpan: 3 }, "mean under p"),
      cell("of-p", show(found.entropyBits)),
      cell("left of-q narrow", show(found.lengthBits)),
      cell("of-q wide", show(found.lengthBits)),
    );
    table.replaceChildren(
      h("thead", {}, h("tr", {}, ...heads)),
      h("tbody", {}, ...rows),
      h("tfoot", {}, foot),
    );
    const depth = Math.max(...found.lengths);
    drawTree(tree, code.tree, depth, p.length);
    const words = labels.map((label, i) => `${label} ${code.words[i] ?? "no word"}`);
    tree.setAttribute("aria-label", `Code tree. ${words.join(", ")}.`);
  }

  function drawScale({ p }, found) {
    const { entropyBits: H, lengthBits: L, largestBits: most } = found;
    const box = (pen, className, low, high, top, height) =>
      pen.add(svg("rect", { class: className, x: pen.X(low), y: top, width: pen.X(high) - pen.X(low), height, rx: 4 }));
    scale.draw({ x: [0, most + 1], y: [0, 1], xTitle: "bits", xTicks: ticks([0, most + 1], 4), yTicks: [] }, (pen) => {
      box(pen, "track", 0, most, 4, 24);
      box(pen, "full", 0, H, 4, 24);
      if (pen.X(H) > 84) pen.add(svg("text", { class: "inside", x: 18, y: 21 }, `H = ${show(H)}`));
      pen.add(svg("text", { x: pen.X(most) + 7, y: 21 }, `log₂ ${p.length} = ${show(most)}`));
      box(pen, "room", H, H + 1, 60, 24);
      for (const [value, dash] of [[H, ""], [H + 1, "3 3"]])
        pen.add(svg("path", { class: "end", d: `M${pen.X(value)} 56V88`, "stroke-dasharray": dash }));
      pen.add(svg("path", { class: "axis", d: `M${pen.X(H)} 28V56`, "stroke-dasharray": "3 3" }));
      pen.add(svg("circle", { class: "dot of-q", cx: pen.X(L), cy: 72, r: 7 }));
      const edge = (value) => (pen.X(value) < 36 ? "start" : pen.X(value) > pen.width - 40 ? "end" : "middle");
      const look = "fill:var(--q);font-weight:600";
      pen.add(svg("text", { x: pen.X(L), y: 50, "text-anchor": edge(L), style: look }, `L = ${show(L)}`));
      pen.add(svg("text", { x: pen.X(H), y: 102, "text-anchor": edge(H) }, "H"));
      pen.add(svg("text", { x: pen.X(H + 1), y: 102, "text-anchor": edge(H + 1) }, "H + 1"));
    });
    scale.describe(
      `A bar of the entropy, ${show(H, 3)} of at most ${show(most, 3)} bits. Below it the room from ${show(H, 3)} ` +
        `up to, but without, ${show(H + 1, 3)} bits, and in it the expected length, ${show(L, 3)} bits.`,
    );
  }

  function draw() {
    const now = state();
    if (now.p.length !== now.labels.length) return; // the other half of a change is still on its way
    nameBars(now.labels);
    sliders.draw();
    const code = bestCode(now.p);
    const found = measure(now.p, code.words);
    drawTable(now, code, found);
    drawScale(now, found);
    const excess = found.lengthBits - found.entropyBits;
    verdict.textContent =
      Math.max(...now.p) === 1
        ? "One outcome is certain: nothing to learn, nothing to send."
        : excess < 1e-9
          ? "L = H: each word is exactly as long as the surprise of its outcome."
          : `The best code needs ${show(excess, 3)} bits more than the entropy.`;
    numbers.set({
      "Entropy H": quantity(found.entropyBits, "bits"),
      "Entropy in nats": quantity(found.entropy, "nats"),
      "Largest, log₂ K": quantity(found.largestBits, "bits"),
      "Expected length L": quantity(found.lengthBits, "bits"),
      "Excess L − H": quantity(excess, "bits"),
      "Kraft sum of the code": quantity(found.kraft, ""),
    });
    if (kit.hook.numbers)
      kit.say(
        `Entropy ${show(found.entropyBits)} of ${show(found.largestBits)} bits; ` +
          `expected length ${show(found.lengthBits)}.`,
      );
    kit.hook.numbers = found;
  }

  const later = oncePerFrame(kit.guard(draw));
  kit.on("p labels", later);
  kit.repaint(later);
  kit.reset = () => kit.put(first);
  later();
});
