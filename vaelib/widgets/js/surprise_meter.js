// Two events: the surprise of each on the curve −log₂ p, and whether the two add up.

const CSS = FIGURES + `
.controls{display:grid;gap:10px;align-content:start}
.head{font-weight:600;margin:20px 0 0;line-height:1.3}
.verdict{margin:2px 0 0;font-size:14px}
.piece{fill:var(--series)}
.chart .inside{fill:var(--card);stroke:none;font-weight:600}
.handle{cursor:ew-resize}
.handle.of-q::after{border-radius:5px}
`;

const HEIGHT = 210;
const MOST = 8; // bits on the curve's axis
const PLACE = { left: 34, right: 14, top: 20, bottom: 40 };

/** What the two events say: probabilities, and surprises in nats. `then` is the probability of B after A. */
function measure({ p, other, shared }) {
  const then = shared + (1 - shared) * other;
  const second = shared * p + (1 - shared) * other;
  const chances = { first: p, second, both: p * then };
  const nats = Object.fromEntries(Object.entries(chances).map(([name, x]) => [name, surprise(x)]));
  return { chances, nats, apart: nats.first + nats.second };
}

/** A point on the curve that a reader drags sideways; returns how to put it at a probability. */
function makeHandle(stage, { name, series, label, put, get }) {
  const rounded = (x) => Math.round(1000 * x) / 1000;
  const { plane, place } = handleOver(PLACE, {
    name,
    series,
    label,
    move: (x) => put(rounded(x)),
    step: (dx, dy) => put(clamp(rounded(get() + 0.01 * (dx + dy)), [0, 1])),
    home: () => put(0.5),
  });
  stage.append(plane);
  return (x, nats) => {
    const words = `probability ${show(x)}, ${quantity(bits(nats), "bits")}`;
    place(x, Math.min(bits(nats), MOST) / MOST, { range: [0, 1], now: x, words });
  };
}

const CURVE = Array.from({ length: 400 }, (_, i) => 2 ** ((-MOST * i) / 399)).map((p) => [p, bits(surprise(p))]);

export default widget(CSS, (kit) => {
  const { model } = kit;
  const names = ["p", "other", "shared"];
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const initial = state();
  const put = (name) => (x) => kit.put({ [name]: x });
  const control = (name, label) =>
    slider(kit, { label, min: 0, max: 1, step: 0.01, get: () => model.get(name), put: put(name), words: (x) => show(x) });
  const sliders = [
    control("p", "Probability of A"),
    control("other", "Probability of B on its own"),
    control("shared", "How often B just copies A"),
  ];
  const curve = chart({ label: "", height: HEIGHT, ...PLACE });
  const stage = h("div", { className: "stage" }, curve.node);
  const handles = [
    makeHandle(stage, { name: "A", series: "p", label: "Event A", get: () => model.get("p"), put: put("p") }),
    makeHandle(stage, {
      name: "B",
      series: "q",
      label: "Event B on its own",
      get: () => model.get("other"),
      put: put("other"),
    }),
  ];
  const lengths = chart({ label: "", height: 132, left: 86, right: 14, top: 6, bottom: 40 });
  const verdict = h("p", { className: "verdict" });
  const table = readouts([
    "A: uncertainty falls by the factor 1/p",
    "Surprise of A",
    "Surprise of B",
    "Surprise of both",
    "A and B added",
  ]);
  kit.body.append(
    h("div", { className: "columns" }, stage, h("div", { className: "controls" }, ...sliders.map((s) => s.node))),
    h("p", { className: "head" }, "Told by one after the other, and told at once"),
    lengths.node,
    verdict,
    table.node,
  );

  function drawLengths({ nats, apart }) {
    const longest = Math.max(...[apart, nats.both].map(bits).filter(Number.isFinite), 4);
    const high = Math.ceil(longest * 1.05);
    const clip = (x) => Math.min(bits(x), high);
    const frame = { x: [0, high], y: [0, 2], xTitle: "bits", yTicks: [] };
    lengths.draw(frame, (pen) => {
      const piece = (from, to, row, series, name) => {
        const [a, b] = [pen.X(clip(from)), pen.X(clip(to))];
        const top = pen.Y(2 - row) + 5;
        pen.add(svg("rect", { x: a, y: top, width: Math.max(b - a, 0), height: 30, rx: 4, class: `piece of-${series}` }));
        if (b - a > 22)
          pen.add(svg("text", { x: (a + b) / 2, y: top + 20, class: "inside", "text-anchor": "middle" }, name));
      };
      const row = (i, name) => pen.words(0, 2 - i - 0.5, name, { anchor: "end", dx: -8, dy: 3 });
      row(0, "A, then B");
      piece(0, nats.first, 0, "p", "A");
      piece(nats.first, apart, 0, "q", "B");
      row(1, "both at once");
      piece(0, nats.both, 1, "r", "A and B");
    });
  }

  function say({ nats, apart }) {
    const gap = bits(apart - nats.both);
    if (!Number.isFinite(apart)) return "An impossible event has infinite surprise: it cannot be told in any number of bits.";
    if (Math.abs(gap) < 5e-7) return "The bars are equally long: surprises of independent events add.";
    return `Together they tell ${quantity(gap, "bits")} less than one by one: A already tells part of B.`;
  }

  function drawNow() {
    const told = measure(state());
    const { chances, nats, apart } = told;
    sliders.forEach((control) => control.draw());
    curve.draw(
      { x: [0, 1], y: [0, MOST], xTitle: "probability", yTitle: "surprise in bits", yTicks: [0, 2, 4, 6, 8] },
      (pen) => pen.curve(CURVE),
    );
    handles[0](chances.first, nats.first);
    handles[1](model.get("other"), surprise(model.get("other")));
    drawLengths(told);
    verdict.textContent = say(told);
    const both = (x) => `${quantity(bits(x), "bits")} = ${quantity(x, "nats")}`;
    table.set({
      "A: uncertainty falls by the factor 1/p": quantity(1 / chances.first, "", 2),
      "Surprise of A": both(nats.first),
      "Surprise of B": both(nats.second),
      "Surprise of both": both(nats.both),
      "A and B added": both(apart),
    });
    curve.node.setAttribute("aria-label", `The curve minus log2 p. A at ${show(chances.first)}, ${both(nats.first)}.`);
    lengths.node.setAttribute("aria-label", `${both(apart)} one after the other; ${both(nats.both)} at once.`);
    kit.hook.numbers = { ...nats, apart, chances };
    kit.say(`A ${both(nats.first)}; B ${both(nats.second)}; both ${both(nats.both)}`);
  }
  const draw = oncePerFrame(kit.guard(drawNow));
  drawNow();
  kit.on(names.join(" "), draw);
  kit.repaint(draw);
  kit.reset = () => kit.put(initial);
});
