// A linear VAE in closed form: the eigenvalues of the data, and a level below which dimensions go dark.

const CSS = FIGURES + LEVELS + `
.panels{display:grid;gap:18px 30px;grid-template-columns:minmax(0,1fr)}
@container (min-width:660px){.panels{grid-template-columns:minmax(0,1.25fr) minmax(270px,1fr)}}
.controls{display:grid;gap:10px;align-content:start}
.slider:has(:disabled){opacity:.6}
table{border-collapse:collapse;width:100%;font-size:13px;margin-top:12px}
th,table caption{font-weight:400;color:var(--muted)}
table caption{text-align:left}
.readouts{grid-template-columns:repeat(auto-fit,minmax(min(100%,8rem),1fr))}
th,td{padding:3px 0 3px 4px;text-align:right;border-top:1px solid var(--line)}
thead th{border:0}
tr[data-dark=true] td{color:var(--muted)}
.verdict{font-weight:600;margin:14px 0 0;min-height:3em}
.field .handle::after{inset:14px;font-size:0;line-height:14px}
`;

const REACH = { beta: [0.05, 16], sigma2: [0.001, 10] };
const LEAST_VALUE = 0.02;
const READOUTS = {
  tau: "Level τ = βσ²",
  sigma2: "Noise σ²",
  active: "Active units",
  rate: "Rate",
  distortion: "Distortion",
  objective: "Distortion + β · rate",
};

/** The bars, the level across them, and a handle on each bar if they are few. */
function makeBars(kit) {
  const { model } = kit;
  const picture = levelChart(300);
  const node = h("div", { className: "stage field" }, picture.node);
  const start = model.get("eigenvalues");
  let axis;

  const hands = Array.from({ length: MOST_MOVABLE }, (_, i) => {
    const put = (value) => {
      const values = [...model.get("eigenvalues")];
      values[i] = rounded(clamp(value, [LEAST_VALUE, axis.high]));
      kit.put({ eigenvalues: values });
    };
    const hand = handleOver(LEVEL_MARGINS, {
      name: "",
      series: "p",
      label: `Eigenvalue ${i + 1}`,
      move: (_, y) => put(axis.low * (axis.high / axis.low) ** y),
      step: (dx, dy) => put(model.get("eigenvalues")[i] * 1.05 ** (dx + dy)),
      home: () => put(start[i] ?? 1),
    });
    node.append(hand.plane);
    return hand;
  });

  function draw(found) {
    axis = picture.draw(found);
    hands.forEach(({ plane, place }, i) => {
      plane.hidden = found.dims.length > MOST_MOVABLE || i >= found.dims.length;
      if (plane.hidden) return;
      const { value, active } = found.dims[i];
      const words = `${brief(value)}, ${active ? "active" : "dark"}`;
      place((i + 0.5) / found.dims.length, axis.share(value), { range: [axis.low, axis.high], now: value, words });
    });
  }
  return { node, draw };
}

/** What becomes of each dimension, of the first eight at most. */
function makeTable() {
  const names = ["", "λ", "w²", "gain", "variance", "rate", "error"];
  const [body, title] = [h("tbody"), h("caption")];
  const node = h("table", {}, title, h("thead", {}, h("tr", {}, ...names.map((name) => h("th", { scope: "col" }, name)))), body);
  function draw({ dims }) {
    const rows = dims.slice(0, MOST_MOVABLE).map((dim, i) => {
      const { value, weight2, gain, variance, rate, sse, active } = dim;
      const cells = [value, weight2, gain, variance, rate, sse].map((x) => h("td", {}, x && x < 0.001 ? "<0.001" : brief(x)));
      const row = h("tr", {}, h("th", { scope: "row" }, String(i + 1)), ...cells);
      row.dataset.dark = !active;
      return row;
    });
    body.replaceChildren(...rows);
    title.textContent = dims.length > rows.length ? `The first ${rows.length} of ${dims.length} dimensions` : "";
  }
  return { node, draw };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const names = ["eigenvalues", "beta", "sigma2", "latents", "noise"];
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const start = state();
  const presets = Object.entries(model.get("presets"));

  function measure({ eigenvalues, beta, sigma2, latents, noise }) {
    const some = Math.min(latents, eigenvalues.length);
    const best = () => Math.max(learnedNoise(eigenvalues, beta, some), REACH.sigma2[0]);
    return linearOptimum(eigenvalues, beta, noise === "learned" ? best() : sigma2, some);
  }

  let found = measure(start);
  const bars = makeBars(kit);
  const table = makeTable();
  const totals = readouts(Object.values(READOUTS));
  const verdict = h("p", { className: "verdict" });
  const logarithmic = (label, name, now) =>
    logSlider(kit, { label, reach: REACH[name], now, put: (value) => kit.put({ [name]: value }) });
  const beta = logarithmic("β", "beta", () => model.get("beta"));
  const sigma2 = logarithmic("Noise σ²", "sigma2", () => found.sigma2);
  const latents = slider(kit, {
    label: "Latents k",
    min: 1,
    max: 5,
    step: 1,
    get: () => Math.min(model.get("latents"), model.get("eigenvalues").length),
    put: (value) => kit.put({ latents: value }),
    words: (x) => `${x} of ${model.get("eigenvalues").length}`,
  });
  const noise = choice(kit, {
    label: "σ² is",
    options: [["fixed", "fixed"], ["learned", "learned"]],
    get: () => model.get("noise"),
    put: (value) => kit.put({ noise: value }),
  });
  const same = (values) => JSON.stringify(values) === JSON.stringify(model.get("eigenvalues"));
  const data = choice(kit, {
    label: "Data",
    options: presets.map(([name]) => [name, name]),
    get: () => presets.find(([, values]) => same(values))?.[0],
    put: (name) => {
      const eigenvalues = model.get("presets")[name];
      kit.put({ eigenvalues, latents: eigenvalues.length });
    },
  });
  const controls = h("div", { className: "controls" }, beta.node, noise.node, sigma2.node, latents.node);
  if (presets.length) controls.prepend(data.node);
  kit.body.append(
    h(
      "div",
      { className: "panels" },
      h("div", {}, levelLegend(), bars.node, verdict),
      h("div", {}, controls, table.node),
    ),
    totals.node,
  );

  function sentence({ dims, tau, active, sigma2 }) {
    const level = `τ = ${brief(tau)}`;
    const dark = dims.filter((dim) => dim.latent && !dim.active).length;
    const lowest = model.get("noise") === "learned" && sigma2 === REACH.sigma2[0];
    if (lowest) return `Nothing is left over to be noise: σ² falls as low as it may, and ${level}.`;
    const lit = `${active} of ${dims.length} dimensions ${active === 1 ? "is" : "are"} active at the level ${level}`;
    if (!dark) return `${lit}; every latent is active.`;
    return `${lit}; ${dark} ${dark === 1 ? "latent has" : "latents have"} collapsed onto the prior.`;
  }

  const draw = oncePerFrame(
    kit.guard(() => {
      const now = state();
      found = measure(now);
      latents.input.max = now.eigenvalues.length;
      sigma2.input.disabled = now.noise === "learned";
      [beta, sigma2, latents, noise, data, table].forEach((each) => each.draw(found));
      bars.draw(found);
      verdict.textContent = sentence(found);
      const texts = { active: `${found.active} of ${found.dims.length}`, tau: brief(found.tau), sigma2: brief(found.sigma2) };
      for (const name of ["rate", "distortion", "objective"]) texts[name] = quantity(found[name], "nats");
      totals.set(Object.fromEntries(Object.entries(READOUTS).map(([key, name]) => [name, texts[key]])));
      if (kit.hook.numbers) kit.say(verdict.textContent);
      kit.hook.numbers = { ...now, ...found, latents: Math.min(now.latents, now.eigenvalues.length) };
    }),
  );
  kit.on(names.join(" "), draw);
  kit.repaint(draw);
  kit.reset = () => kit.put(start);
  draw();
});
