// One code, decoded with every class in turn: a conditional VAE's code is left with what the class does not say.

const CSS = FIGURES + DIGITS + `
.desk{display:grid;gap:14px clamp(18px,3.4cqi,32px);grid-template:"plane" "classes" "verdict" "place" "large"/minmax(0,1fr);align-items:start}
.map{overflow:visible;grid-area:plane}
.map .plane{pointer-events:auto;cursor:crosshair;user-select:none;-webkit-user-select:none}
.map .handle{width:44px;height:44px;inset:-22px auto auto -22px}
.handle::after{inset:11px;background:var(--card);border:5px solid var(--accent);box-shadow:0 0 0 2px var(--card),0 2px 8px #0007}
.classes{border:0;margin:0;padding:0;min-width:0;grid-area:classes}
.classes legend{padding:0;margin-bottom:6px;font-size:13px;line-height:1.35;color:var(--muted)}
.tiles{grid-template-columns:repeat(5,minmax(0,1fr));gap:6px 5px;margin:0}
.tile{position:relative;cursor:pointer;padding:2px;border-radius:9px}
.tile input{position:absolute;opacity:0;inset:0;margin:0;cursor:pointer}
.tile:has(:checked){box-shadow:inset 0 0 0 2px var(--text)}
.tile:has(:focus-visible){outline:3px solid var(--accent);outline-offset:1px}
.tile p{display:flex;justify-content:space-between;font-size:11.5px;line-height:1.35;margin:3px 0 0;padding:0 3px 1px;white-space:nowrap}
.tile p.long{display:block;overflow-wrap:anywhere;white-space:normal}
.tile b{font-weight:700}
.tile span{display:block}
.verdict{margin:0;min-height:3em;grid-area:verdict}
.place{grid-area:place;display:grid;gap:10px}
.place .readouts{margin:0;display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 8px}
.place dd{font-size:14.5px;white-space:nowrap}
.place .row{margin:0}
.large{display:grid;gap:10px 18px;grid-template-columns:minmax(0,2fr) minmax(0,3fr);align-items:center;grid-area:large}
.large .readouts{margin:0;grid-template-columns:minmax(0,1fr);gap:5px}
.hero{position:relative;max-width:230px;border:1px solid var(--line);border-radius:12px;overflow:hidden}
.hero svg{position:absolute;inset:0;width:100%;height:100%}
.hero path{fill:none;stroke:var(--q);stroke-width:.14;stroke-linecap:round}
.hero .under{stroke:var(--card);stroke-width:.3;stroke-opacity:.85}
.hero .centre{stroke-dasharray:.3 .3}
@container (min-width:620px){
.desk{grid-template:"classes plane" auto "verdict plane" auto "large plane" auto "large place" 1fr/minmax(0,1fr) minmax(0,1.05fr)}
}
@container (min-width:800px){.tiles{gap:10px 14px}.tile p{font-size:12.5px}}
`;

/**
 * How a picture's ink leans: the middle of the ink, [column, row], and the slope of the line through it that predicts
 * the column from the row, in degrees from upright, positive to the right.
 */
function lean(pixels) {
  const total = (weigh) => pixels.reduce((sum, ink, i) => sum + ink * weigh(i % SIDE, Math.floor(i / SIDE)), 0);
  const ink = total(() => 1);
  const [column, row] = [total((x) => x) / ink, total((_, y) => y) / ink];
  const slope = total((x, y) => (column - x) * (y - row)) / total((_, y) => (y - row) ** 2);
  return { middle: [column, row], slope, degrees: (180 / Math.PI) * Math.atan(slope) };
}

/** The line of a lean over a picture of SIDE by SIDE. */
function leaning({ middle: [column, row], slope }) {
  const half = 3.6 / Math.hypot(slope, 1);
  const end = (up) => `${column + 0.5 + up * slope} ${row + 0.5 - up}`;
  return `M${end(-half)}L${end(half)}`;
}

const signed = (degrees) =>
  `${Number(degrees.toFixed(1)) > 0 ? "+" : ""}${show(degrees, Math.abs(degrees) < 9.95 ? 1 : 0)}°`;

/** Which way the classes lean, as words; `turned` is how much further to the right than at the centre, in degrees. */
function verdictOn(turned) {
  const tenths = turned.map((degrees) => Math.round(10 * degrees));
  const sides = [["left", -1], ["right", 1]].map(([side, sign]) => {
    const some = tenths.filter((tenth) => sign * tenth > 0).map(Math.abs);
    return { side, count: some.length, span: [Math.min(...some), Math.max(...some)].map((tenth) => show(tenth / 10, 1)) };
  });
  const all = sides.find(({ count }) => count === turned.length);
  if (!tenths.some(Boolean)) return { left: 0, right: 0, words: "Here every class leans as at the centre." };
  const words = all
    ? `All ${turned.length} lean further ${all.side} than at the centre, by ${all.span[0]}° to ${all.span[1]}°.`
    : `Of ${turned.length}, ${sides[0].count} lean further left than at the centre, ${sides[1].count} further right.`;
  return { left: sides[0].count, right: sides[1].count, words };
}

/** The mean and the standard deviation of codes, coordinate by coordinate. */
function spreadOf(codes) {
  const average = (of) => codes.reduce((sum, z) => sum + of(z), 0) / codes.length;
  const mean = [0, 1].map((i) => average((z) => z[i]));
  const deviation = mean.map((m, i) => Math.sqrt(average((z) => (z[i] - m) ** 2)));
  return { mean, deviation };
}

/** Two numbers as words; a class without codes has no mean. */
const pair = (z) => (z.some(Number.isNaN) ? "none" : `(${z.map((value) => show(value)).join(", ")})`);

/** A class's picture, which is a radio button. */
function makeClass(kit, group, name, label, long) {
  const canvas = imageCanvas([1, SIDE, SIDE], { "aria-hidden": "true", role: "presentation" });
  const input = h("input", { type: "radio", name: group, value: label });
  const [mark, turned] = [h("b", {}, name), h("span")];
  input.onchange = kit.guard(() => kit.put({ chosen: label }));
  const words = h("p", { className: long ? "long" : "" }, mark, turned);
  return { node: h("label", { className: "tile" }, input, canvas, words), canvas, input, mark, turned };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const { layers, dtype, classes, extent, colours, code_step: step } = model.get("spec");
  const network = makeNetwork(layers.decoder, readNumbers(model.get("decoder"), dtype));
  const decode = (z) => classes.map((_, c) => Array.from(network([...z, ...classes.map((_, i) => +(i === c))]), sigmoid));
  const labels = readLabels(model.get("labels"));
  const codes = readCodes(model.get("codes"), 2, step).map((z, n) => [z, labels[n]]);
  const upright = decode([0, 0]).map(lean);
  const initial = Object.fromEntries(["z", "chosen", "seed"].map((name) => [name, model.get(name)]));

  const within = (z) => z.map((value) => clamp(value, [-extent, extent]));
  const put = (z) => kit.put({ z: within(z) });
  const plane = makePlane(kit);
  const others = h("canvas", { "aria-hidden": "true" }); // the codes of the other classes, faint
  const hand = handleOver({ top: 0, right: 0, bottom: 0, left: 0 }, {
    name: "",
    series: "p",
    label: "Code z, a point in the latent plane; use the arrow keys",
    move: (...shares) => put(shares.map((share) => (2 * share - 1) * extent)),
    step: (...by) => put(model.get("z").map((value, i) => value + 0.05 * by[i])),
    home: () => put([0, 0]),
  });
  plane.node.prepend(others);
  plane.node.append(hand.plane);
  const group = `class-${Math.random()}`; // radio buttons of one name belong together
  const long = classes.some((name) => [...name].length > 1);
  const tiles = classes.map((name, label) => makeClass(kit, group, name, label, long));
  const draws = h("button", { type: "button" }, "Draw z from the prior");
  draws.onclick = kit.guard(() => {
    const seed = model.get("seed");
    kit.put({ seed: (seed + 1) % 2 ** 31, z: within([...normals(seed, 2)]) });
  });
  const verdict = h("p", { className: "verdict" });
  const hero = imageCanvas([1, SIDE, SIDE]);
  const lines = ["under", "centre", "now"].map((look) => svg("path", { class: look }));
  const overlay = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" }, ...lines);
  const where = readouts(["Code z", "From centre", "ln p(z)"]);
  const own = readouts(["Lean here", "Lean at the centre", ...(codes.length ? ["Its codes: mean", "Its codes: sd"] : [])]);
  kit.body.append(
    h(
      "div",
      { className: "desk" },
      plane.node,
      h(
        "fieldset",
        { className: "classes" },
        h("legend", {}, "Move the ring, choose a class. Degrees: lean to the right (+) against the centre."),
        h("div", { className: "tiles" }, ...tiles.map(({ node }) => node)),
      ),
      verdict,
      h("div", { className: "place" }, where.node, row(draws)),
      h("div", { className: "large" }, h("div", { className: "hero" }, hero, overlay), own.node),
    ),
  );

  function drawGround() {
    const theme = kit.colours();
    const size = plane.node.clientWidth;
    const chosen = model.get("chosen");
    const rest = codes.filter(([, label]) => label !== chosen);
    const context = crisp(others, size, size);
    const places = rest.map(([[x, y]]) => [x, -y].map((value) => ((value + extent) / (2 * extent)) * size));
    context.globalAlpha = theme.dark ? 0.3 : 0.25;
    const font = `600 ${size < 350 ? 9 : 11}px`;
    drawLetters(context, places, rest.map(([, label]) => label), { colours, theme, font });
    const lit = codes.filter(([, label]) => label === chosen);
    plane.drawGround(theme, lit);
    tiles.forEach(({ input, mark }, label) => {
      input.checked = label === chosen;
      mark.style.color = classColour(colours, label, theme);
    });
    if (!codes.length) return;
    const { mean, deviation } = spreadOf(lit.map(([z]) => z));
    own.set({ "Its codes: mean": pair(mean), "Its codes: sd": pair(deviation) });
  }

  function drawNow() {
    const theme = kit.colours();
    const [z, chosen] = [model.get("z"), model.get("chosen")];
    const pictures = decode(z);
    const leans = pictures.map(lean);
    const turned = leans.map(({ degrees }, label) => degrees - upright[label].degrees);
    const found = verdictOn(turned);
    const distance = Math.hypot(...z);
    tiles.forEach((tile, label) => {
      paint(tile.canvas, pictures[label], 1, theme);
      tile.turned.textContent = signed(turned[label]);
      tile.input.setAttribute("aria-label", `Class ${classes[label]}, ${signed(turned[label])}`);
    });
    paint(hero, pictures[chosen], 1, theme);
    hero.setAttribute("aria-label", `Class ${classes[chosen]} at the code ${pair(z)}, large`);
    [leans, upright, leans].forEach((each, i) => lines[i].setAttribute("d", leaning(each[chosen])));
    verdict.textContent = found.words;
    where.set({
      "Code z": pair(z),
      "From centre": `${show(distance)}\u00a0σ`,
      "ln p(z)": quantity(logPrior(z), "nats", 2),
    });
    own.set({
      "Lean here": signed(leans[chosen].degrees),
      "Lean at the centre": signed(upright[chosen].degrees),
    });
    const [across, up] = within(z).map((value) => (value + extent) / (2 * extent));
    const words = `z1 ${show(z[0])}, z2 ${show(z[1])}`;
    hand.place(across, up, { range: [-extent, extent], now: z[0], words });
    if (kit.hook.numbers) kit.say(`${words}. Class ${classes[chosen]}. ${found.words}`);
    const { left, right } = found;
    kit.hook.numbers = { z, chosen, seed: model.get("seed"), distance, logPrior: logPrior(z), turned, left, right, pictures };
  }

  const draw = oncePerFrame(kit.guard(drawNow));
  const drawAll = oncePerFrame(kit.guard(() => (drawGround(), drawNow())));
  kit.on("z seed", draw);
  kit.on("chosen", drawAll);
  kit.repaint(drawAll);
  kit.reset = () => kit.put(initial);
  plane.describe("The latent plane: the prior's circles and codes of the data, each marked by its class.");
  drawAll();
});
