// The reader draws a digit; the model says where it belongs, what it remembers of it, and what it costs.

const CSS = FIGURES + DIGITS + `
.strip{margin-top:6px}
.strip .one{stroke:var(--p);stroke-opacity:.3;stroke-width:1.5}
.strip .yours{stroke:var(--q);stroke-width:3}
`;

const DOTS = 32;
const FRAME_WIDTH = 22; // the median width of the data's digits, in dots
const SAMPLES = 4;
const START_BRUSH = 5; // dots, as thick as the pen of the data

// ---- the drawing ----

const readRows = (rows) => Array.from({ length: DOTS ** 2 }, (_, i) => (rows[i >> 5] >>> (31 - (i & 31))) & 1);

const writeRows = (dots) =>
  Array.from({ length: DOTS }, (_, row) =>
    dots.slice(row * DOTS, (row + 1) * DOTS).reduce((bits, dot) => 2 * bits + dot, 0),
  );

/** The dots under a round brush, `size` across, with its middle at a column and a row. */
function brushed([column, row], size) {
  const reach = Math.floor(size / 2);
  const found = [];
  for (let y = row - reach; y < row - reach + size; y++) {
    for (let x = column - reach; x < column - reach + size; x++) {
      const away = Math.hypot(x - column + reach - (size - 1) / 2, y - row + reach - (size - 1) / 2);
      if (away <= size / 2 && x >= 0 && x < DOTS && y >= 0 && y < DOTS) found.push(y * DOTS + x);
    }
  }
  return found;
}

/**
 * The drawing stretched to the frame: 32 dots high, and 22 wide unless that would more than double its width against
 * its height. One that reaches the first and the last row of blocks stays as it is.
 */
function fitted(dots) {
  const inked = dots.flatMap((dot, i) => (dot ? [i] : []));
  if (!inked.length) return dots;
  const span = (values) => [Math.min(...values), Math.max(...values) + 1];
  const [top, bottom] = span(inked.map((i) => i >> 5));
  const [left, right] = span(inked.map((i) => i & 31));
  if (top < 4 && bottom > DOTS - 4) return dots;
  const tall = DOTS / (bottom - top);
  const wide = Math.min(FRAME_WIDTH / (right - left), 2 * tall);
  return dots.map((_, i) => {
    const row = Math.floor(top + ((i >> 5) + 0.5) / tall);
    const column = Math.floor((left + right) / 2 + ((i & 31) + 0.5 - DOTS / 2) / wide);
    return column >= left && column < right ? dots[row * DOTS + column] : 0;
  });
}

/** The dots in each block of 4 by 4, 64 numbers from 0 to 16. */
function blockCounts(dots) {
  const counts = Array(PIXELS).fill(0);
  dots.forEach((dot, i) => (counts[(i >> 7) * SIDE + ((i & 31) >> 2)] += dot));
  return counts;
}

// ---- what the model makes of it ----

/** Everything there is to say about the digit x, in nats where it has a unit. */
function measure(vae, x, { nodes, node_weights: weights }) {
  const posterior = vae.posterior(x);
  const { mean, logVar, deviation } = posterior;
  const rate = mean.reduce((sum, m, j) => sum + (m * m + Math.expm1(logVar[j]) - logVar[j]) / 2, 0);
  let distortion = 0;
  nodes.forEach((a, i) =>
    nodes.forEach((b, j) => {
      const z = [mean[0] + deviation[0] * a, mean[1] + deviation[1] * b];
      distortion -= weights[i] * weights[j] * vae.logProb(x, vae.decode(z));
    }),
  );
  return { ...posterior, rate, distortion, elbo: -rate - distortion, reconstruction: vae.mean(mean) };
}

/** The held-out digits' ELBOs on a line, and the drawing's among them. */
function makeStrip(held) {
  const picture = chart({ label: "", height: 78, left: 8, right: 8, top: 24, bottom: 36 });
  picture.node.classList.add("strip");
  function draw(elbo) {
    const ends = [Math.min(elbo, held[0]), Math.max(elbo, held.at(-1))];
    const room = 0.03 * (ends[1] - ends[0]);
    const x = [ends[0] - room, ends[1] + room];
    picture.draw({ x, y: [0, 1], yTicks: [], xTitle: "ELBO in nats: the held-out digits, and yours" }, (pen) => {
      const mark = (value, low, high, look) =>
        pen.add(svg("path", { d: `M${pen.X(value)} ${pen.Y(low)}V${pen.Y(high)}`, class: look }));
      held.forEach((value) => mark(value, 0, 0.8, "one"));
      mark(elbo, 0, 1, "yours");
      const share = (elbo - x[0]) / (x[1] - x[0]);
      const anchor = share < 0.15 ? "start" : share > 0.85 ? "end" : "middle";
      pen.words(elbo, 1, "yours", { series: "q", dy: -6, anchor });
    });
  }
  return { node: picture.node, draw, describe: picture.describe };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const spec = model.get("spec");
  const vae = makeVae(model);
  const initial = { rows: model.get("rows"), seed: model.get("seed") };
  const local = { tool: "draw", brush: START_BRUSH, fit: true };
  const held = spec.held_out;
  const average = held.reduce((sum, value) => sum + value, 0) / held.length;

  const put = (dots) => kit.put({ rows: writeRows(dots) });
  const pad = makePad(kit, {
    side: DOTS,
    label: "Pad to draw a digit on",
    ink(cells) {
      const dots = readRows(model.get("rows"));
      for (const cell of cells)
        for (const i of brushed(cell, local.brush)) dots[i] = Number(local.tool === "draw");
      put(dots);
    },
  });
  const tool = choice(kit, {
    label: "Pen",
    options: [["draw", "draws"], ["erase", "erases"]],
    get: () => local.tool,
    put: (chosen) => ((local.tool = chosen), draw()),
  });
  const brush = slider(kit, {
    label: "Thickness",
    min: 2,
    max: 7,
    step: 1,
    get: () => local.brush,
    put: (size) => ((local.brush = size), draw()),
    words: (size) => `${size} dots`,
  });
  const clear = h("button", { type: "button", onclick: kit.guard(() => put(Array(DOTS ** 2).fill(0))) }, "Clear");
  const fit = h("input", { type: "checkbox" });
  fit.onchange = kit.guard(() => ((local.fit = fit.checked), draw()));
  const picks = makePicks(kit, {
    label: "Example",
    pictures: spec.examples.map((rows) => blockCounts(readRows(rows)).map((count) => count / 16)),
    choose: (i) => (pad.lift(), kit.put({ rows: spec.examples[i] })),
  });
  const plane = makePlane(kit);
  const tiles = ["what the model sees", "its reconstruction, at the mean"].map(makeTile);
  const samples = Array.from({ length: SAMPLES }, (_, k) => makeTile(`decoded sample ${k + 1}`));
  const strip = makeStrip(held);
  const verdict = h("p", { className: "verdict" });
  const table = readouts(["Rate", "Distortion", "ELBO", "Held-out ELBO, mean", "Posterior mean", "Posterior sd"]);
  const tileNodes = [...tiles, ...samples].map(({ node }) => node);
  kit.body.append(
    halves(
      [
        pad.node,
        pad.help,
        row(tool.node, clear),
        row(brush.node, h("label", {}, fit, " fit to the frame")),
        picks.node,
      ],
      plane.node,
    ),
    h("div", { className: "tiles" }, ...tileNodes),
    row(redraw(kit, "New samples")),
    verdict,
    strip.node,
    table.node,
  );

  function say(found, empty) {
    const below = held.filter((value) => value < found.elbo).length;
    const share = `${below} of ${held.length} held-out digits have a lower ELBO`;
    verdict.textContent = empty
      ? `The pad is empty. To the model that is data too, and improbable: ELBO ${show(found.elbo, 1)} nats.`
      : `ELBO ${show(found.elbo, 1)} nats. ${below ? share : `All ${held.length} held-out digits have a higher ELBO`}.`;
    const place = found.mean.map((value) => show(value)).join(", ");
    strip.describe(`${verdict.textContent} The held-out digits' mean is ${show(average, 1)} nats.`);
    plane.describe(
      `The latent plane with the data's codes; the drawing's posterior has its mean at (${place}) and standard ` +
        `deviations ${found.deviation.map((value) => show(value)).join(" and ")}.`,
    );
    table.set({
      Rate: quantity(found.rate, "nats", 2),
      Distortion: quantity(found.distortion, "nats", 2),
      ELBO: quantity(found.elbo, "nats", 2),
      "Held-out ELBO, mean": quantity(average, "nats", 2),
      "Posterior mean": `(${place})`,
      "Posterior sd": `(${found.deviation.map((value) => show(value)).join(", ")})`,
    });
    return below;
  }

  function drawNow() {
    const theme = kit.colours();
    const dots = readRows(model.get("rows"));
    const counts = blockCounts(local.fit ? fitted(dots) : dots);
    const x = spec.threshold ? counts.map((count) => Number(count >= spec.threshold)) : counts;
    const found = measure(vae, x, spec);
    const noise = normals(model.get("seed"), 2 * SAMPLES);
    const codes = samples.map((_, k) => found.mean.map((m, j) => m + found.deviation[j] * noise[2 * k + j]));
    pad.draw(dots, theme, 4);
    tiles[0].paint(x.map((count) => count / vae.total), theme);
    tiles[1].paint(found.reconstruction, theme);
    samples.forEach((tile, k) => tile.paint(vae.mean(codes[k]), theme));
    plane.drawMarks((pen) => {
      pen.ellipse(found, 2, { series: "q", dash: "5 4" });
      pen.ellipse(found, 1, { series: "q" });
      codes.forEach((z) => pen.spot(z, 3, { series: "q" }));
      pen.words(found.mean, "yours", { series: "q", dy: -24 });
    });
    strip.draw(found.elbo);
    [tool, brush].forEach((each) => each.draw());
    fit.checked = local.fit;
    const below = say(found, !dots.includes(1));
    if (kit.hook.numbers) kit.say(verdict.textContent);
    kit.hook.numbers = { ...found, x, codes, below, average };
  }

  const draw = oncePerFrame(kit.guard(drawNow));
  kit.on("rows seed", draw);
  kit.repaint(() => {
    const theme = kit.colours();
    plane.drawGround(theme);
    picks.draw(theme);
    draw();
  });
  kit.reset = () => {
    Object.assign(local, { tool: "draw", brush: START_BRUSH, fit: true });
    pad.lift();
    kit.put(initial);
    draw();
  };
  draw();
});
