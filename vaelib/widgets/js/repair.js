// A damaged digit: what its visible pixels say about the code, by Bayes' rule on a grid, and what fills the holes.

const SAMPLES = 3;

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** ln of a sum, of which the logarithms of the parts are known. */
function logSum(values) {
  const most = values.reduce((one, other) => Math.max(one, other), -Infinity);
  return most + Math.log(values.reduce((total, value) => total + Math.exp(value - most), 0));
}

/**
 * The model on a grid of codes, worked out once. `infer(x, visible)` is p(z | visible pixels): its `weights`, column by
 * column from the lower left, `logEvidence` = ln p(visible), its divergence from the prior `nats`, and `hiddenCost`,
 * -ln p(the other pixels of x | visible), all in nats.
 */
function makeGrid(vae, { extent, cells }) {
  const axis = Array.from({ length: cells }, (_, i) => ((2 * i + 1) / cells - 1) * extent);
  const points = axis.flatMap((across) => axis.map((up) => [across, up]));
  const [logits, costs] = [0, 1].map(() => new Float64Array(points.length * PIXELS));
  const means = new Float32Array(points.length * PIXELS);
  points.forEach((z, n) =>
    vae.decode(z).forEach((logit, i) => {
      logits[n * PIXELS + i] = logit;
      costs[n * PIXELS + i] = vae.total * ELEMENTWISE.softplus(logit);
      means[n * PIXELS + i] = sigmoid(logit);
    }),
  );
  const densities = points.map(logPrior);
  const total = logSum(densities);
  const prior = densities.map((value) => value - total); // on the grid it sums to one

  function infer(x, visible) {
    const seen = Float64Array.from(visible, Number);
    const ways = [true, false].map((which) =>
      sum(x.map((count, i) => (visible[i] === which ? vae.choices[count] : 0))),
    );
    const joint = Float64Array.from(prior); // ln p(z, visible)
    const whole = new Float64Array(points.length); // ln p(z, x)
    for (let n = 0, at = 0; n < points.length; n++) {
      let [some, all] = [0, 0];
      for (let i = 0; i < PIXELS; i++, at++) {
        const pixel = x[i] * logits[at] - costs[at];
        some += seen[i] * pixel;
        all += pixel;
      }
      joint[n] += some + ways[0];
      whole[n] = prior[n] + all + ways[0] + ways[1];
    }
    const logEvidence = logSum(joint);
    const weights = joint.map((value) => Math.exp(value - logEvidence));
    const heavy = points.map((_, n) => n).filter((n) => weights[n] > 1e-15);
    const average = (f) => sum(heavy.map((n) => weights[n] * f(n)));
    const mean = [0, 1].map((j) => average((n) => points[n][j]));
    return {
      weights,
      logEvidence,
      hiddenCost: logEvidence - logSum(whole),
      nats: Math.max(average((n) => joint[n] - logEvidence - prior[n]), 0),
      mean,
      deviation: [0, 1].map((j) => Math.sqrt(average((n) => (points[n][j] - mean[j]) ** 2))),
    };
  }

  /** The mean of every pixel, from 0 to 1, when the code has these weights. */
  function pictureOf(weights) {
    const picture = Array(PIXELS).fill(0);
    weights.forEach((weight, n) => {
      if (weight > 1e-12) for (let i = 0; i < PIXELS; i++) picture[i] += weight * means[n * PIXELS + i];
    });
    return picture;
  }

  /** The code at which the weights, added up in order, pass a share of one. */
  function drawCode(weights, share) {
    let left = share;
    const n = weights.findIndex((weight) => (left -= weight) < 0);
    return points.at(n); // rounding may leave a trifle; then it is the last
  }
  return { infer, pictureOf, drawCode };
}

/** Everything there is to say about a digit x of which `erased` pixels are gone, in nats where it has a unit. */
function measure(vae, grid, { whole, erased, noise, seed }) {
  const uniform = uniforms(seed);
  const x = whole.map((count) => (uniform() < noise ? vae.total - count : count));
  const visible = erased.map((gone) => gone < 0.5);
  const truth = x.map((count, i) => (visible[i] ? count : whole[i]));
  const { weights, ...found } = grid.infer(truth, visible);
  const fed = x.map((count, i) => (visible[i] ? count : 0));
  const encoder = vae.posterior(fed);
  const logits = Array.from(vae.decode(encoder.mean));
  const kept = noise ? () => false : (i) => visible[i]; // a noisy pixel is not to be kept
  const fill = (picture) => picture.map((value, i) => (kept(i) ? x[i] / vae.total : value));
  const codes = Array.from({ length: SAMPLES }, () => grid.drawCode(weights, uniform()));
  return {
    ...found,
    x,
    visible: sum(visible),
    encoderMean: encoder.mean,
    encoderDeviation: encoder.deviation,
    encoderCost: 0 - vae.logProb(whole, logits, (i) => !visible[i]),
    repaired: fill(grid.pictureOf(weights)),
    byEncoder: fill(logits.map(sigmoid)),
    codes,
    samples: codes.map((z) => fill(vae.mean(z))),
    weights,
  };
}

const READOUTS = {
  logEvidence: "ln p(visible)",
  nats: "Told about the code, KL(posterior‖prior)",
  mean: "Posterior mean",
  deviation: "Posterior sd",
  hiddenCost: "Hidden pixels, −ln p(hidden|visible)",
  encoderCost: "Hidden pixels at the encoder’s code",
};

export default widget(FIGURES + DIGITS, (kit) => {
  const { model } = kit;
  const spec = model.get("spec");
  const vae = makeVae(model);
  const grid = makeGrid(vae, spec);
  const names = ["chosen", "erased", "noise", "seed"];
  const initial = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  let tool = "erase";

  const pad = makePad(kit, {
    side: SIDE,
    label: "The digit, to erase pixels from",
    ink(cells) {
      const erased = [...model.get("erased")];
      for (const [column, row] of cells) erased[row * SIDE + column] = Number(tool === "erase");
      kit.put({ erased });
    },
  });
  const pen = choice(kit, {
    label: "Pen",
    options: [["erase", "erases"], ["restore", "restores"]],
    get: () => tool,
    put: (chosen) => ((tool = chosen), draw()),
  });
  const every = (words, value) =>
    h("button", { type: "button", onclick: kit.guard(() => kit.put({ erased: Array(PIXELS).fill(value) })) }, words);
  const noise = slider(kit, {
    label: "Noise: share of pixels turned",
    min: 0,
    max: 0.5,
    step: 0.01,
    get: () => model.get("noise"),
    put: (value) => kit.put({ noise: value }),
    words: show,
  });
  const picks = makePicks(kit, {
    label: "Digit",
    pictures: spec.inputs.map((counts) => counts.map((count) => count / vae.total)),
    choose: (chosen) => kit.put({ chosen }),
  });
  const plane = makePlane(kit);
  const tiles = {
    whole: makeTile("the whole digit"),
    repaired: makeTile("repair: the average of what is possible"),
    samples: Array.from({ length: SAMPLES }, (_, k) => makeTile(`possible repair ${k + 1}`)),
    byEncoder: makeTile("repair by the encoder’s code"),
  };
  const verdict = h("p", { className: "verdict" });
  const table = readouts(Object.values(READOUTS));
  kit.body.append(
    halves(
      [
        pad.node,
        pad.help,
        row(pen.node, every("Erase all", 1), every("Restore all", 0)),
        row(noise.node),
        picks.node,
      ],
      plane.node,
    ),
    h("div", { className: "tiles" }, ...Object.values(tiles).flat().map(({ node }) => node)),
    row(redraw(kit, "New samples, new noise")),
    verdict,
    table.node,
  );

  const pair = (values) => `(${values.map((value) => show(value)).join(", ")})`;
  function say(found, noisy) {
    const fill = noisy ? "The repair is the decoder's throughout." : "The average fills the holes.";
    verdict.textContent = found.visible
      ? `${found.visible} of 64 pixels are visible. They tell ${show(found.nats)} nats about the code. ${fill}`
      : "Nothing is visible: the posterior is the prior, and the repair its average digit.";
    const { hiddenCost, encoderCost, logEvidence, nats } = found;
    const costs = { logEvidence, nats, hiddenCost, encoderCost };
    const texts = Object.entries(costs).map(([key, value]) => [READOUTS[key], quantity(value, "nats", 2)]);
    const places = ["mean", "deviation"].map((key) => [READOUTS[key], pair(found[key])]);
    table.set(Object.fromEntries([...texts, ...places]));
    plane.describe(
      `The latent plane, shaded by p(z | visible): mean ${pair(found.mean)}, standard deviations ` +
        `${pair(found.deviation)}. The encoder, fed the damaged digit, says ${pair(found.encoderMean)}.`,
    );
    if (kit.hook.numbers) kit.say(verdict.textContent);
  }

  function drawNow() {
    const theme = kit.colours();
    const { chosen, ...damage } = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    const whole = spec.inputs[chosen];
    const { weights, ...found } = measure(vae, grid, { whole, ...damage });
    const scaled = (x) => x.map((count) => count / vae.total);
    pad.draw(scaled(found.x), theme, 1, damage.erased.map((gone) => gone >= 0.5));
    tiles.whole.paint(scaled(whole), theme);
    tiles.repaired.paint(found.repaired, theme);
    tiles.byEncoder.paint(found.byEncoder, theme);
    tiles.samples.forEach((tile, k) => tile.paint(found.samples[k], theme));
    plane.drawHeat(weights);
    plane.drawMarks((sketch) => {
      const encoder = { mean: found.encoderMean, deviation: found.encoderDeviation };
      sketch.ellipse(encoder, 1, { series: "q" });
      sketch.words(encoder.mean, "encoder", { series: "q", dy: -14 });
      found.codes.forEach((z) => sketch.spot(z, 3.5, { series: "p" }));
      sketch.spot(found.mean, 6, { series: "p" });
      sketch.words(found.mean, "mean", { series: "p", dy: 20 });
    });
    picks.draw(theme, chosen);
    [pen, noise].forEach((each) => each.draw());
    say(found, damage.noise > 0);
    kit.hook.numbers = { ...found, ...damage, chosen };
    kit.hook.weights = weights;
  }

  const draw = oncePerFrame(kit.guard(drawNow));
  kit.on(names.join(" "), draw);
  kit.repaint(() => (plane.drawGround(kit.colours()), draw()));
  kit.reset = () => ((tool = "erase"), pad.lift(), kit.put(initial), draw());
  draw();
});
