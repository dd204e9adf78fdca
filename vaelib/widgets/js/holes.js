// Two latent planes side by side, a plain autoencoder's and a VAE's: where the codes are, and what lies between them.

const CSS = FIGURES + `
.tools{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:8px 16px;align-items:end;margin-bottom:18px}
.end{display:flex;align-items:center;gap:8px;font-size:14px;min-width:0}
.end select{flex:1 1 0;min-width:0}
.thumb{flex:none;width:44px;height:44px;border-radius:8px;border:1px solid var(--line);background-repeat:no-repeat;image-rendering:pixelated}
.thumb.smooth{image-rendering:auto}
.frame[data-dark=true] .thumb.grey{filter:invert(.93)}
.tools .slider,.tools .draw{grid-column:1/-1}
.sides{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:10px clamp(12px,3.4cqi,32px)}
.name{font-size:15px;font-weight:600;margin:0;color:var(--series)}
.now{display:grid;gap:6px 14px;align-items:center;grid-template-columns:minmax(0,1fr)}
.hero{border-radius:12px;overflow:hidden;border:1px solid var(--line)}
.now .readouts{grid-template-columns:minmax(0,1fr);margin:0;gap:4px}
.end,.map,.strip{grid-column:1/-1}
.field{position:relative;aspect-ratio:1;border:1px solid var(--line);border-radius:12px;user-select:none;-webkit-user-select:none}
.field canvas,.field>svg{position:absolute;inset:0;width:100%;height:100%;border-radius:11px}
.field>svg{pointer-events:none;overflow:visible}
.field .plane{pointer-events:auto;cursor:crosshair}
.thread{stroke:var(--series);stroke-width:2;stroke-dasharray:3 3}
.handle::after{inset:11px;background:var(--card);border:5px solid var(--series);box-shadow:0 0 0 2px var(--card),0 2px 8px #0007}
.strip{display:grid;grid-template-columns:repeat(9,minmax(0,1fr));gap:clamp(2px,.6cqi,5px)}
.strip .image{border-radius:5px;box-shadow:0 0 0 1px var(--line)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:center;font-size:14px;margin:14px 0 0}
.legend span{display:flex;align-items:center;gap:6px}
.legend svg{width:13px;height:13px}
.shade{width:64px;height:13px;border-radius:4px;border:1px solid var(--line)}
@container (min-width:600px){
.tools{grid-template-columns:repeat(2,minmax(0,1fr)) minmax(0,1.6fr) auto}
.tools .slider,.tools .draw,.end{grid-column:auto}
.map,.strip{grid-column:1}
.map~.map,.strip~.strip{grid-column:2}
.map{grid-row:2}
.strip{grid-row:3}
.now{grid-template-columns:minmax(0,2fr) minmax(0,3fr)}
}
`;

const STEPS = 9;
const GREYEST = 100; // spacings
const GRAIN = 72; // cells of the shading, in each direction
const SIDES = [["autoencoder", "q"], ["vae", "p"]];

/** How grey the ground is, from 0 to 1, at a distance counted in spacings: in the logarithm, so that both ends show. */
const greyness = (spacings) => Math.min(Math.log1p(spacings) / Math.log1p(GREYEST), 1) ** 1.5;

/** Everything about one plane but its elements: its codes, what is near, what a place decodes to. */
function makeModel(model, spec, name) {
  const { layers, centre, reach, step, spacing, inputs } = spec[name];
  const mean = MEANS[spec.likelihood];
  if (!mean) throw new Error(`unknown likelihood ${spec.likelihood}`);
  const network = makeNetwork(layers, readNumbers(model.get(`${name}_weights`), spec.dtype));
  const labels = readLabels(model.get("labels"));
  const codes = readCodes(model.get(`${name}_codes`), 2, step).map((code) => code.map((x, i) => centre[i] + x));

  function nearest([x, y]) {
    let [at, least] = [0, Infinity];
    for (let n = 0; n < codes.length; n++) {
      const away = (codes[n][0] - x) ** 2 + (codes[n][1] - y) ** 2;
      if (away < least) [at, least] = [n, away];
    }
    return { code: codes[at], class: spec.classes[labels[at]], spacings: Math.sqrt(least) / spacing };
  }
  return {
    codes,
    labels,
    nearest,
    inputs,
    range: centre.map((c) => [c - reach, c + reach]),
    decode: (z) => network(z).map(mean),
  };
}

/** The ground of a plane, greyer the further from every code; its pixels are computed once for each theme. */
function makeGround({ nearest, range }) {
  const shades = new Float32Array(GRAIN * GRAIN);
  const at = ([low, high], k) => low + ((k + 0.5) / GRAIN) * (high - low);
  shades.forEach((_, i) => {
    const z = [at(range[0], i % GRAIN), at(range[1], GRAIN - 1 - Math.floor(i / GRAIN))];
    shades[i] = greyness(nearest(z).spacings);
  });
  const canvas = h("canvas", { width: GRAIN, height: GRAIN });
  return ({ ink, dark }) => {
    const context = canvas.getContext("2d");
    const image = context.createImageData(GRAIN, GRAIN);
    shades.forEach((shade, i) => image.data.set([...ink, 255 * (dark ? 0.5 : 0.42) * shade], 4 * i));
    context.putImageData(image, 0, 0);
    return canvas;
  };
}

function makePlane(kit, spec, name, series, one, put) {
  const { range, codes, labels, inputs } = one;
  const { model } = kit;
  const canvas = h("canvas", { "aria-hidden": "true" });
  const thread = svg("line", { class: "thread" });
  const overlay = svg("svg", { "aria-hidden": "true" }, thread);
  const extent = range[0][1] - range[0][0];
  const to = (z) => z.map((x, i) => clamp((x - range[i][0]) / extent, [0, 1]));
  const place = (z, size) => [to(z)[0] * size, (1 - to(z)[1]) * size];
  const key = `${name}_z`;
  const hand = handleOver({ top: 0, right: 0, bottom: 0, left: 0 }, {
    name: "",
    series,
    label: `Point in the plane of the ${spec[name].name}; use the arrow keys`,
    move: (...share) => put({ [key]: share.map((x, i) => range[i][0] + x * extent) }),
    step: (...by) => {
      const moved = (x, i) => clamp(x + (by[i] * extent) / 150, range[i]);
      put({ [key]: model.get(key).map(moved) });
    },
    home: () => put({ [key]: [0, 0] }),
  });
  const node = h("div", { className: `field of-${series}` }, canvas, overlay, hand.plane);
  const ground = makeGround(one);

  function draw() {
    const size = node.clientWidth;
    if (!size) return;
    const theme = kit.colours();
    const context = crisp(canvas, size, size);
    context.drawImage(ground(theme), 0, 0, size, size);
    const places = codes.map((z) => place(z, size));
    context.globalAlpha = 0.85;
    drawMarks(context, places, labels, { colours: spec.colours, theme, scale: clamp(size / 700, [0.5, 0.65]) });
    const view = { size, middle: place([0, 0], size), sigma: size / extent, theme };
    const look = { theme, colour: theme.text };
    drawPrior(context, view, { ...look, alpha: 0.8, width: 1.2, axes: 0.35 });
    namePrior(context, view, { ...look, radii: 3 * view.sigma > 60 ? [1, 2, 3] : [3] });
    drawPath(context, ["start", "end"].map((end) => place(inputs[model.get(end)], size)), look);
    drawWords(context, spec[name].name, [10, 10], { ...look, font: "600 13px", textAlign: "left", textBaseline: "top" });
  }

  function point(z, near) {
    const size = node.clientWidth;
    const said = `z1 ${show(z[0])}, z2 ${show(z[1])}; nearest code ${show(near.spacings, 1)} spacings away`;
    hand.place(...to(z), { range: range[0], now: z[0], words: said });
    const [from, until] = [place(z, size), place(near.code, size)];
    ["x1", "y1"].forEach((end, i) => thread.setAttribute(end, from[i]));
    ["x2", "y2"].forEach((end, i) => thread.setAttribute(end, until[i]));
  }
  return { node, draw, point };
}

/** One side of the widget: its picture and numbers, its plane, and the strip of pictures on the way. */
function makeSide(kit, spec, [name, series], put) {
  const { model } = kit;
  const one = makeModel(model, spec, name);
  const { name: title } = spec[name];
  const [channels] = spec.data_shape;
  const hero = imageCanvas(spec.data_shape, { "aria-label": `What the ${title} decodes` });
  const table = readouts(["To the nearest code", "Its class", "From the origin"]);
  const plane = makePlane(kit, spec, name, series, one, put);
  const canvases = Array.from({ length: STEPS }, () => imageCanvas(spec.data_shape, { "aria-hidden": "true" }));
  const label = `${STEPS} pictures that the ${title} decodes on the straight line from A to B`;
  const trickling = trickle(kit.guard);
  const paths = () => ["start", "end"].map((end) => one.inputs[model.get(end)]);
  let last = null; // the point whose picture is on the screen

  function draw() {
    const z = model.get(`${name}_z`);
    const near = one.nearest(z);
    if (z !== last) {
      side.pixels = one.decode(z);
      paint(hero, side.pixels, channels, kit.colours());
      last = z;
    }
    plane.point(z, near);
    table.set({
      "To the nearest code": `${show(near.spacings, 1)} spacings`,
      "Its class": near.class,
      "From the origin": `${show(Math.hypot(...z), 1)} σ`,
    });
    return { z, spacings: near.spacings, class: near.class };
  }
  function drawAll() {
    last = null;
    plane.draw();
    const theme = kit.colours();
    const jobs = canvases.map((canvas, k) => () =>
      paint(canvas, one.decode(onPath(paths(), k / (STEPS - 1))), channels, theme),
    );
    trickling(jobs);
  }
  const heading = h("p", { className: `name of-${series}` }, title);
  const side = {
    pixels: null,
    onPath: (t) => ({ [`${name}_z`]: onPath(paths(), t) }),
    draw,
    drawAll,
    now: h("div", {}, heading, h("div", { className: "now" }, h("div", { className: "hero" }, hero), table.node)),
    map: h("div", { className: "map" }, plane.node),
    strip: h("div", { className: "strip", role: "img", "aria-label": label }, ...canvases),
  };
  return side;
}

/** The menus of the two ends, each with its picture. */
function makeEnds(kit, spec) {
  const { model } = kit;
  const [channels, , width] = spec.data_shape;
  const count = spec.inputs.length;
  const sheet = URL.createObjectURL(new Blob([model.get("inputs")]));
  kit.leave(() => URL.revokeObjectURL(sheet));
  const ends = [["start", "A"], ["end", "B"]].map(([name, letter]) => {
    const options = spec.inputs.map((near, i) => h("option", { value: i }, `${i + 1}: ${near}`));
    const menu = h("select", { "aria-label": `Picture ${letter}` }, ...options);
    menu.onchange = kit.guard(() => kit.put({ [name]: Number(menu.value) }));
    const look = `thumb ${channels === 1 ? "grey" : ""} ${width > 16 ? "smooth" : ""}`;
    const thumb = h("i", { className: look });
    const draw = () => {
      menu.value = model.get(name);
      thumb.style.background = `url(${sheet}) ${(100 * model.get(name)) / (count - 1)}% 0/${100 * count}% 100%`;
    };
    return { node: h("label", { className: "end" }, h("b", {}, letter), thumb, menu), draw };
  });
  return { nodes: ends.map(({ node }) => node), draw: () => ends.forEach(({ draw }) => draw()) };
}

function makeLegend(kit, spec) {
  const marks = spec.classes.map((_, label) => svg("path", { d: MARKS[label % MARKS.length] }));
  const shade = h("i", { className: "shade" });
  const node = h(
    "p",
    { className: "legend" },
    ...spec.classes.map((name, i) => h("span", {}, svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, marks[i]), name)),
    h("span", {}, shade, `0 to ${GREYEST} spacings to the nearest code`),
  );
  function draw() {
    const theme = kit.colours();
    marks.forEach((mark, label) => mark.setAttribute("fill", classColour(spec.colours, label, theme)));
    const stops = Array.from({ length: 9 }, (_, k) => {
      const alpha = (theme.dark ? 0.5 : 0.42) * greyness((GREYEST * k) / 8);
      return `rgba(${theme.ink},${alpha.toFixed(3)})`;
    });
    shade.style.background = `linear-gradient(90deg,${stops})`;
  }
  return { node, draw };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const spec = model.get("spec");
  const names = ["start", "end", "path_position", "seed", ...SIDES.map(([name]) => `${name}_z`)];
  const initial = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const sides = SIDES.map((side) => makeSide(kit, spec, side, kit.put));
  const ends = makeEnds(kit, spec);
  const legend = makeLegend(kit, spec);
  const walk = slider(kit, {
    label: "On the way from A to B",
    min: 0,
    max: 1,
    step: 0.01,
    get: () => model.get("path_position"),
    put: (path_position) => kit.put({ path_position }),
    words: (t) => show(t),
  });
  const prior = h("button", { type: "button", className: "draw" }, "Draw both from N(0, I)");
  prior.onclick = kit.guard(() => {
    const seed = model.get("seed");
    const z = [...normals(seed, 2)];
    kit.put({ seed: (seed + 1) % 2 ** 31, autoencoder_z: z, vae_z: z });
  });
  const rows = [...sides.map(({ now }) => now), ...sides.flatMap(({ map, strip }) => [map, strip])];
  kit.body.append(
    h("div", { className: "tools" }, ...ends.nodes, walk.node, prior),
    h("div", { className: "sides" }, ...rows),
    legend.node,
  );

  const walkOn = () => kit.put(Object.assign({}, ...sides.map((side) => side.onPath(model.get("path_position")))));

  const drawNow = kit.guard(() => {
    const found = sides.map((side) => side.draw());
    walk.draw();
    const said = found.map((side, i) => `${spec[SIDES[i][0]].name}: ${show(side.spacings, 1)} spacings from a code`);
    if (kit.hook.numbers) kit.say(`${said.join("; ")}.`);
    const state = Object.fromEntries(["start", "end", "path_position", "seed"].map((name) => [name, model.get(name)]));
    kit.hook.numbers = { ...state, autoencoder: found[0], vae: found[1] };
    kit.hook.pixels = sides.map(({ pixels }) => pixels);
  });
  const draw = oncePerFrame(drawNow);
  const drawAll = oncePerFrame(
    kit.guard(() => {
      sides.forEach((side) => side.drawAll());
      ends.draw();
      legend.draw();
      drawNow();
    }),
  );
  kit.on("start end path_position", walkOn);
  kit.on("path_position seed autoencoder_z vae_z", draw);
  kit.on("start end", drawAll);
  kit.repaint(drawAll);
  kit.reset = () => kit.put(initial);
  drawAll();
});
