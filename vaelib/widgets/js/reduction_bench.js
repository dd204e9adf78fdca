// The reduction bench: a loss made of sums and means, and the β they amount to.

const CSS = FIGURES + LEVELS + `
.loss{display:grid;gap:4px 28px;grid-template-columns:minmax(0,1fr);background:var(--well);border-radius:12px;padding:12px 16px}
.loss p{margin:0}
.formula{font-size:16px;line-height:1.7}
.code{font:13px/1.7 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--muted);white-space:pre-wrap;overflow-wrap:anywhere}
.result{display:flex;flex-wrap:wrap;gap:2px 16px;align-items:baseline;margin:12px 0 16px;min-height:6.5em;align-content:flex-start}
.result b{font-size:26px;line-height:1.2;color:var(--accent)}
.result span{font-weight:600}
.panels{display:grid;gap:18px 30px;grid-template-columns:minmax(0,1fr)}
@container (min-width:660px){.panels{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}.result{min-height:3.4em}.loss{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}}
.controls{display:grid;gap:8px;align-content:start}
.controls .choice{justify-content:space-between}
.controls .head{margin:6px 0 0;font-size:14px;font-weight:600;color:var(--series)}
.sizes{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:12px;font-size:14px}
.sizes label{color:var(--muted)}
.sizes input{width:100%;min-height:36px;border:1px solid var(--line);border-radius:9px;background:var(--card);padding:0 8px;color:var(--text)}
.sizes input:invalid{border-color:#d72d47}
.slider:has(:disabled){opacity:.6}
.readouts{grid-template-columns:repeat(2,minmax(0,1fr))}
[hidden]{display:none!important}
@media (pointer:coarse){.sizes input{min-height:44px}}
`;

const REACH = { weight: [1e-4, 1000], sigma2: [1e-3, 1000] };
const SIZES = [["data_dim", "Pixels D", 1e6], ["latents", "Latents k", 1000], ["batch", "Batch B", 1e5]];
const REDUCTIONS = [["sum", "sum"], ["mean", "mean"]];

/** The error of a pixel: what the menu calls it, in a formula, in code, and how much of it is one nat. */
const ERRORS = {
  squared: { words: "SE", formula: "(xₙᵢ − x̂ₙᵢ)²", code: "(x - y) ** 2", nat: (sigma2) => 2 * sigma2 },
  half: { words: "½ SE", formula: "½ (xₙᵢ − x̂ₙᵢ)²", code: "0.5 * (x - y) ** 2", nat: (sigma2) => sigma2 },
  gaussian: { words: "SE/2σ²", formula: "(xₙᵢ − x̂ₙᵢ)² / 2σ²", code: "(x - y) ** 2 / (2 * sigma2)", nat: () => 1 },
  bce: { words: "BCE", formula: "BCE(xₙᵢ, x̂ₙᵢ)", code: "bce(x, y)", nat: () => 1 },
};

/** What one nat of each term of one example weighs in the loss, and the β that this makes. */
function weigh(state) {
  const share = (reduction, count) => (reduction === "mean" ? 1 / count : 1);
  const error =
    ERRORS[state.error].nat(state.sigma2) *
    share(state.over_pixels, state.data_dim) *
    share(state.error_batch, state.batch);
  const kl = state.weight * share(state.over_latents, state.latents) * share(state.kl_batch, state.batch);
  return { errorNat: error, klNat: kl, beta: kl / error, tau: (kl / error) * state.sigma2, scale: error * state.batch };
}

function measure(state, eigenvalues) {
  const found = weigh(state);
  if (state.error === "bce") return { ...found, tau: null, linear: null, active: null };
  const linear = linearOptimum(eigenvalues, 1, found.tau, Math.min(state.latents, eigenvalues.length));
  return { ...found, linear, active: linear.active };
}

/** The loss in symbols and in code. */
function written({ error, over_pixels, error_batch, over_latents, kl_batch, data_dim, latents, batch, weight }) {
  const symbol = (reduction, count, index) => `${reduction === "mean" ? `1/${count} ` : ""}Σ${index}`;
  return {
    formula: [
      `loss = R + ${weight === 1 ? "" : `${brief(weight)} · `}K`,
      `R = ${symbol(error_batch, batch, "ₙ")} ${symbol(over_pixels, data_dim, "ᵢ")} ${ERRORS[error].formula}`,
      `K = ${symbol(kl_batch, batch, "ₙ")} ${symbol(over_latents, latents, "ⱼ")} KLₙⱼ`,
    ],
    code: [
      `loss = R + ${weight} * K`,
      `R = (${ERRORS[error].code}).${over_pixels}(1).${error_batch}()`,
      `K = kl.${over_latents}(1).${kl_batch}()`,
    ],
  };
}

function makeSizes(kit, put) {
  const inputs = SIZES.map(([name, label, max]) => {
    const input = h("input", { type: "number", min: 1, max, step: 1, required: true, inputMode: "numeric" });
    input.oninput = kit.guard(() => input.validity.valid && put({ [name]: Number(input.value) }));
    input.onchange = kit.guard(() => (input.value = kit.model.get(name))); // what is no size goes back
    return { name, input, node: h("label", {}, label, input) };
  });
  const draw = () =>
    inputs.forEach(({ name, input }) => {
      if (input.validity.valid && Number(input.value) !== kit.model.get(name)) input.value = kit.model.get(name);
    });
  inputs.forEach(({ name, input }) => (input.value = kit.model.get(name)));
  return { node: h("div", { className: "sizes" }, ...inputs.map(({ node }) => node)), draw };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const choices = ["error", "over_pixels", "error_batch", "over_latents", "kl_batch"];
  const names = [...choices, ...SIZES.map(([name]) => name), ...Object.keys(REACH)];
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const put = (values) => kit.put({ ...values, beta: weigh({ ...state(), ...values }).beta });
  const start = state();

  const pick = (name, label, options = REDUCTIONS) =>
    choice(kit, { label, options, get: () => model.get(name), put: (value) => put({ [name]: value }) });
  const logarithmic = (name, label) =>
    logSlider(kit, { label, reach: REACH[name], now: () => model.get(name), put: (value) => put({ [name]: value }) });
  const errors = Object.entries(ERRORS).map(([name, { words }]) => [name, words]);
  const controls = {
    error: pick("error", "Per pixel", errors),
    over_pixels: pick("over_pixels", "Over pixels"),
    error_batch: pick("error_batch", "R over the batch"),
    over_latents: pick("over_latents", "Over latents"),
    kl_batch: pick("kl_batch", "K over the batch"),
    weight: logarithmic("weight", "Weight of K in the code"),
    sigma2: logarithmic("sigma2", "Read at noise σ²"),
    sizes: makeSizes(kit, put),
  };
  const nodes = (...which) => which.map((name) => controls[name].node);
  const formula = h("p", { className: "formula" });
  const code = h("p", { className: "code" });
  const beta = h("b");
  const meaning = h("span");
  const picture = levelChart(250);
  const level = h("div", {}, levelLegend(), picture.node);
  const table = readouts(["1 nat of −ln p(x|z) weighs", "1 nat of KL weighs", "Gradient scale", "Active units"]);
  const heading = (series, words) => h("p", { className: `head of-${series}` }, words);
  kit.body.append(
    h("div", { className: "loss" }, formula, code),
    h("p", { className: "result" }, beta, meaning),
    h(
      "div",
      { className: "panels" },
      h(
        "div",
        { className: "controls" },
        heading("p", "R, reconstruction"),
        ...nodes("error", "over_pixels", "error_batch"),
        heading("q", "K, Kullback–Leibler"),
        ...nodes("over_latents", "kl_batch", "weight"),
        heading("r", "Sizes and noise"),
        ...nodes("sizes", "sigma2"),
      ),
      h("div", {}, level, table.node),
    ),
  );

  function sentence({ error, sigma2, latents }, found) {
    const same = Math.abs(found.beta - 1) < 1e-9;
    if (error === "bce") return same ? "This is the ELBO." : "A cross-entropy has no σ² that could make up for it.";
    const units = `a linear VAE keeps ${found.active} of ${latents} latents active`;
    if (same) return `This is the ELBO of a decoder with σ² = ${brief(sigma2)}: ${units}.`;
    return `at σ² = ${brief(sigma2)}. The same as β = 1 at σ² = ${brief(found.tau)}: ${units}.`;
  }

  const draw = oncePerFrame(
    kit.guard(() => {
      const now = state();
      const found = measure(now, model.get("eigenvalues"));
      const text = written(now);
      formula.replaceChildren(...text.formula.flatMap((line) => [line, h("br")]).slice(0, -1));
      code.textContent = text.code.join("\n");
      beta.textContent = `β = ${brief(found.beta)}`;
      meaning.textContent = sentence(now, found);
      controls.sigma2.input.disabled = now.error === "bce";
      Object.values(controls).forEach((each) => each.draw());
      level.hidden = !found.linear;
      if (found.linear) picture.draw(found.linear);
      table.set({
        "1 nat of −ln p(x|z) weighs": brief(found.errorNat),
        "1 nat of KL weighs": brief(found.klNat),
        "Gradient scale": `× ${brief(found.scale)}`,
        "Active units": found.linear ? `${found.active} of ${now.latents}` : "—",
      });
      if (kit.hook.numbers) kit.say(`${beta.textContent} ${meaning.textContent}`);
      kit.hook.numbers = { ...now, ...found, traitBeta: model.get("beta"), code: text.code };
    }),
  );
  kit.on(names.join(" "), draw);
  kit.repaint(draw);
  kit.reset = () => put(start);
  draw();
});
