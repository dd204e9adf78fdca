// Disentangle: what each latent of many models moves and knows. Of most models only pictures are stored; one model of
// each β runs here.

const CSS = FIGURES + `
.knobs{display:grid;gap:14px 32px;grid-template-columns:minmax(0,1fr);align-items:start}
.knobs .slider output,.hero .slider output{color:var(--accent)}
.scale{position:relative;height:1.3em;margin:0 8px;font-size:12px;color:var(--muted)}
.scale span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.choice div{flex-wrap:wrap}
.choice label{min-width:36px;justify-content:center;padding:0 10px}
.knobs .all{grid-column:1/-1}
.verdict{font-weight:600;margin:16px 0 14px;min-height:4.5em}
.hero{display:grid;grid-template-columns:112px minmax(0,1fr);gap:4px 18px;align-items:center}
.hero .image{border-radius:9px;box-shadow:0 0 0 1px var(--line)}
.hint{color:var(--muted);font-size:13px;margin:4px 0 0;min-height:3em}
.model{display:grid;gap:18px 26px;grid-template-columns:minmax(0,1fr);margin-top:18px;--head:22px}
.above,.lines .ends{color:var(--muted);font-size:12.5px;line-height:18px;margin:0}
.line{display:grid;grid-template-columns:minmax(0,1fr);border-radius:9px;padding:0 6px 6px}
.line.chosen{background:var(--well)}
.line label{display:flex;gap:8px;align-items:center;min-height:36px;font-size:14px;cursor:pointer;white-space:nowrap}
.line input{accent-color:var(--accent);width:16px;height:16px;min-height:0;flex:none}
.rate{font-size:13px;color:var(--muted)}
.line.dead canvas{opacity:.45}
.strip{position:relative;cursor:pointer;touch-action:pan-y;user-select:none;-webkit-user-select:none}
.strip canvas{display:block;width:100%;box-shadow:0 0 0 1px var(--line)}
.rows{background:var(--line)}
.rows{image-rendering:pixelated}
.rows.smooth{image-rendering:auto}
.mark{position:absolute;inset:-4px auto;width:0;pointer-events:none}
.mark::before,.mark::after{content:"";position:absolute;left:-6px;border:6px solid transparent;border-top:9px solid var(--accent);border-bottom:0}
.mark::after{bottom:0;rotate:180deg}
.ends{display:flex;justify-content:space-between;padding:2px calc((100% - 12px)/14) 0}
.ends span{width:0;display:flex;justify-content:center}
table{border-collapse:collapse;width:100%;table-layout:fixed;font-size:14px;margin:0}
thead th{padding:2px 0;font-weight:400;color:var(--muted);font-size:12px;line-height:1.25;overflow-wrap:anywhere;height:var(--head);vertical-align:bottom}
tbody th{font-weight:400}
tr>:first-child{width:2.6em;text-align:left}
td,th{padding:2px;text-align:center;border:0;background:none}
td span{display:grid;place-items:center;height:30px;border-radius:6px;--most:52%;background:color-mix(in srgb,var(--p) calc(var(--share)*var(--most)),var(--well))}
.frame[data-dark=true] td span{--most:40%}
td span.first{box-shadow:inset 0 0 0 2px var(--text);font-weight:600}
td span.second{outline:1.5px dashed var(--muted);outline-offset:-2px}
tr.chosen th{font-weight:600;color:var(--accent)}
tfoot th,tfoot td{font-weight:600;padding-top:4px}
.legend{color:var(--muted);font-size:13px;margin:2px 0 14px}
.blocks{display:grid;margin-top:6px;grid-template-columns:repeat(auto-fill,minmax(max(126px,18%),1fr));gap:10px}
.block{display:grid;gap:4px;padding:7px;min-height:44px;font-size:13px;line-height:1.3}
.block canvas{display:block;width:100%;box-shadow:0 0 0 1px var(--line)}
.block>span{display:flex;justify-content:space-between;gap:2px 8px;flex-wrap:wrap}
.block[aria-pressed=true]{border-color:var(--q);box-shadow:0 0 0 2px var(--q)}
.chart .interval{stroke:var(--text);stroke-width:2;fill:none}
.seed{fill:var(--p);fill-opacity:.5}
.seed.chosen{fill:var(--q);fill-opacity:1;stroke:var(--card);stroke-width:1.5}
[hidden]{display:none!important}
@container (min-width:600px){.knobs{grid-template-columns:minmax(0,1fr) max-content}.verdict{min-height:3em}.hint{min-height:1.5em}}
@container (min-width:860px){.verdict{min-height:1.5em}}
@container (min-width:680px){
.model{grid-template-columns:max-content minmax(0,1fr);--strip:min(100cqi - 430px,440px);--row:calc(var(--strip)/var(--aspect) + 10px)}
.lines .above{padding-bottom:var(--head)}
.line{grid-template-columns:92px var(--strip);padding:0 6px;height:var(--row);align-items:center}
.line label{flex-wrap:wrap;gap:0 8px;line-height:1.2;align-content:center}
.rate{flex-basis:100%;padding-left:24px}
.lines .ends{margin:2px 6px 0 98px;padding:0 calc((100% - 104px)/14)}
tbody tr{height:var(--row)}
tbody td span{height:calc(var(--row) - 4px)}
}
@media (pointer:coarse){.line label,.choice label{min-height:44px;min-width:44px}.strip{padding:4px 0}}
`;

const DEAD = 0.01; // nats
const REACH = 2; // of the strips, to both sides of 0
const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;
const named = (j) => `z${subscript(j + 1)}`;

// ---- the models ----

/** What is stored of every model: at (b, s) the shares {table: [latent][factor]} and the rates of its latents. */
function readModels({ betas, seeds, latents, factors }, numbers) {
  const width = latents.length * factors.length;
  const count = betas.length * seeds.length;
  const part = (from, length) => Array.from(numbers.subarray(from, from + length));
  return (b, s) => {
    const at = b * seeds.length + s;
    const table = latents.map((j) => part(at * width + j * factors.length, factors.length));
    const ranks = factors.map((_, f) => [...latents].sort((i, j) => table[j][f] - table[i][f]));
    const mig = ranks.map(([first, second], f) => table[first][f] - table[second][f]);
    const rates = part(count * width + at * latents.length, latents.length);
    return { table, ranks, mig, meanMig: mean(mig), rates };
  };
}

/** MIG of each factor, and last their mean, over the seeds: the values, their mean, and half of its interval. */
function spreads(found, t) {
  return [...found[0].mig.keys(), "mean"].map((f) => {
    const values = found.map(({ mig, meanMig }) => (f === "mean" ? meanMig : mig[f]));
    const middle = mean(values);
    const variance = sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1);
    return { values, middle, half: t * Math.sqrt(variance / values.length) };
  });
}

/** The decoder of each β, from a code to the pixels' means. */
function makeDecoders({ betas, layers, likelihood }, weights) {
  const size = weights.byteLength / betas.length;
  const part = (b) => new DataView(weights.buffer, weights.byteOffset + b * size, size);
  const networks = betas.map((_, b) => makeNetwork(layers, readNumbers(part(b), "float16")));
  return (b, z) => networks[b](z).map(MEANS[likelihood]);
}

// ---- pictures ----

/** The stored sheet: `row(n)` is row n of its tiles as bytes, four to a pixel; `tile(n, i)` one of them, 0 to 1. */
function makeSheet(bitmap, { steps, data_shape: [channels, high, wide] }) {
  const canvas = h("canvas", { width: steps * wide, height: high });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();
  function row(n) {
    if (!known.has(n)) {
      context.drawImage(bitmap, 0, n * high, canvas.width, high, 0, 0, canvas.width, high);
      known.set(n, context.getImageData(0, 0, canvas.width, high).data);
    }
    return known.get(n);
  }
  const tile = (n, i) =>
    Float64Array.from({ length: channels * high * wide }, (_, at) => {
      const [c, y, x] = [Math.floor(at / high / wide), Math.floor(at / wide) % high, at % wide];
      return row(n)[4 * (y * canvas.width + i * wide + x) + c] / 255;
    });
  return { row, tile };
}

/** A canvas for a number of rows of tiles with gaps between them, and how to paint them from the bytes of each. */
function makeRows(count, { steps, data_shape: [channels, high, wide] }) {
  const gap = Math.max(1, Math.round(wide / 16));
  const [width, height] = [steps * (wide + gap) - gap, count * (high + gap) - gap];
  const smooth = wide > 16 || count > 1 ? "rows smooth" : "rows";
  const node = h("canvas", { width, height, className: smooth, "aria-hidden": "true" });
  function draw(rows, { paper, ink }) {
    const context = node.getContext("2d");
    const image = context.createImageData(width, height);
    rows.forEach((bytes, r) => {
      for (let y = 0, from = 0; y < high; y++) {
        for (let x = 0; x < steps * wide; x++, from += 4) {
          const to = 4 * ((r * (high + gap) + y) * width + x + Math.floor(x / wide) * gap);
          for (let c = 0; c < 3; c++) {
            const byte = bytes[from + c];
            image.data[to + c] = channels === 1 ? paper[c] + ((ink[c] - paper[c]) * byte) / 255 : byte;
          }
          image.data[to + 3] = 255;
        }
      }
    });
    context.putImageData(image, 0, 0);
  }
  /** Where on the canvas a share of the way from the first tile to the last lies, both ways. */
  const place = (share) => (wide / 2 + share * (width - wide)) / width;
  const share = (at) => clamp((at * width - wide / 2) / (width - wide), [0, 1]);
  return { node, draw, place, share, aspect: width / height };
}

// ---- one model ----

/** The latents of one model: each a strip of pictures to choose, with a mark where its value is. */
function makeLines(kit, spec, put) {
  const group = `latent-${Math.random()}`;
  const rows = spec.latents.map((latent) => {
    const input = h("input", { type: "radio", name: group, value: latent });
    input.onchange = kit.guard(() => put({ latent }));
    const [name, rate] = [h("span"), h("span", { className: "rate" })];
    const tiles = makeRows(1, spec);
    const mark = h("i", { className: "mark" });
    const strip = h("div", { className: "strip" }, tiles.node, mark);
    const at = kit.guard((event) => {
      const box = strip.getBoundingClientRect();
      const share = tiles.share((event.clientX - box.left) / box.width);
      put({ latent, value: Number(((2 * share - 1) * REACH).toFixed(2)) });
    });
    strip.onpointerdown = (event) => event.button || (strip.setPointerCapture(event.pointerId), at(event));
    strip.onpointermove = (event) => strip.hasPointerCapture(event.pointerId) && at(event);
    const node = h("div", { className: "line" }, h("label", {}, input, name, rate), strip);
    return { node, input, name, rate, tiles, mark };
  });
  const ends = [-REACH, 0, REACH].map((value) => h("span", {}, show(value, 0)));
  const lines = h("div", { role: "radiogroup", "aria-label": "Latent" }, ...rows.map(({ node }) => node));
  const above = h("p", { className: "above" }, "Choose a latent; drag along its strip");
  const below = h("div", { className: "ends", "aria-hidden": "true" }, ...ends);
  const node = h("div", { className: "lines" }, above, lines, below);
  function draw({ rates, latent, place, rowOf }, sheet, theme) {
    rows.forEach(({ node: line, input, name, rate, tiles, mark }, j) => {
      const dead = rates[j] < DEAD;
      line.className = `line${j === latent ? " chosen" : ""}${dead ? " dead" : ""}`;
      input.checked = j === latent;
      name.textContent = dead ? `${named(j)}, dead` : named(j);
      rate.textContent = quantity(rates[j], "nats", 2);
      mark.hidden = j !== latent;
      mark.style.left = `${100 * tiles.place((place / REACH + 1) / 2)}%`;
      if (sheet) tiles.draw([sheet.row(rowOf(j))], theme);
    });
  }
  return { node, draw, aspect: rows[0].tiles.aspect };
}

/** The shares of the factors' entropies, a row for each latent, and below them the MIG. */
function makeTable(spec) {
  const cells = spec.latents.map(() => spec.factors.map(() => h("span")));
  const gaps = spec.factors.map(() => h("td"));
  const head = (scope, text) => h("th", { scope }, text);
  const rows = cells.map((row, j) => h("tr", {}, head("row", named(j)), ...row.map((cell) => h("td", {}, cell))));
  const table = h(
    "table",
    { "aria-label": "Share of each factor's entropy that the mean code of a latent tells" },
    h("thead", {}, h("tr", {}, h("td"), ...spec.factors.map((name) => head("col", name)))),
    h("tbody", {}, ...rows),
    h("tfoot", {}, h("tr", {}, head("row", "MIG"), ...gaps)),
  );
  function draw({ table: shares, ranks, mig, latent }) {
    cells.forEach((row, j) => {
      rows[j].className = j === latent ? "chosen" : "";
      row.forEach((cell, f) => {
        cell.textContent = show(shares[j][f]);
        cell.style.setProperty("--share", shares[j][f]);
        cell.className = ["first", "second"][ranks[f].indexOf(j)] ?? "";
      });
    });
    gaps.forEach((gap, f) => (gap.textContent = show(mig[f])));
  }
  const above = h("p", { className: "above" }, "Share that the mean code knows");
  return { node: h("div", {}, above, table), draw };
}

// ---- all seeds ----

/** The MIG of every seed, a row of dots for each factor and one for their mean. */
function makeDots(spec, most) {
  const names = [...spec.factors, "mean"];
  const picture = chart({ label: "", height: 46 * names.length + 46, left: 92, top: 4, right: 14 });
  const legend = h("p", { className: "legend" });
  function draw({ all, seed, beta }) {
    const rows = names.length;
    picture.draw({ x: [0, most], y: [0, rows], yTicks: [], xTitle: "MIG" }, (pen) => {
      all.forEach(({ values, middle, half }, i) => {
        const y = rows - i - 0.5;
        pen.add(svg("path", { class: "axis", d: `M${pen.X(0)} ${pen.Y(y + 0.5)}H${pen.X(most)}` }));
        pen.words(0, y, names[i], { anchor: "end", dx: -8, dy: -1 });
        const told = pen.words(0, y, `${show(middle)} ± ${show(half)}`, { anchor: "end", dx: -8, dy: 14 });
        told.setAttribute("class", "tick");
        const [low, high] = [Math.max(middle - half, 0), Math.min(middle + half, most)].map(pen.X);
        const at = pen.Y(y - 0.32);
        pen.add(svg("path", { class: "interval", d: `M${low} ${at}H${high}M${pen.X(middle)} ${at - 5}v10` }));
        const dot = (s) => {
          const cy = pen.Y(y + 0.12 + 0.36 * (s / (values.length - 1) - 0.5));
          const chosen = s === seed;
          const look = chosen ? { r: 5.5, class: "seed chosen" } : { r: 4, class: "seed" };
          pen.add(svg("circle", { cx: pen.X(values[s]), cy, ...look }));
        };
        values.forEach((_, s) => s !== seed && dot(s));
        dot(seed);
      });
    });
    legend.textContent =
      `A dot: one of ${spec.seeds.length} seeds; the large one: seed ${seed}. ` +
      "Bars: the mean over seeds with its 95% interval.";
    const words = all.map(({ middle, half }, i) => `${names[i]} ${show(middle)} ± ${show(half)}`);
    picture.describe(`MIG of ${spec.seeds.length} seeds at β = ${beta}: ${words.join(", ")}.`);
  }
  return { node: h("div", {}, picture.node, legend), draw };
}

/** The strips of all seeds, small, each a button that chooses its seed. */
function makeBlocks(kit, spec, put) {
  const blocks = spec.seeds.map((seed) => {
    const rows = makeRows(spec.latents.length, spec);
    const [name, gap] = [h("b", {}, `Seed ${seed}`), h("span")];
    const node = h("button", { type: "button", className: "block" }, rows.node, h("span", {}, name, gap));
    node.onclick = kit.guard(() => put({ seed }));
    return { node, rows, gap };
  });
  function draw({ models, seed: chosen, rowOf }, sheet, theme) {
    blocks.forEach(({ node, rows, gap }, s) => {
      node.setAttribute("aria-pressed", s === chosen);
      gap.textContent = `MIG ${show(models[s].meanMig)}`;
      if (sheet) rows.draw(spec.latents.map((j) => sheet.row(rowOf(j, s))), theme);
    });
  }
  const above = h("p", { className: "above" }, "A row for each latent, from −2 to 2. Press a seed to choose it.");
  return { node: h("div", {}, above, h("div", { className: "blocks" }, ...blocks.map(({ node }) => node))), draw };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const spec = model.get("spec");
  const { betas, seeds, latents, factors, live_seed: live, steps } = spec;
  const stored = readModels(spec, readNumbers(model.get("measured"), "float32"));
  const decode = makeDecoders(spec, model.get("decoders"));
  const traits = ["beta", "seed", "latent", "value", "view"];
  const state = () => Object.fromEntries(traits.map((name) => [name, model.get(name)]));
  const initial = state();
  const put = (values) => kit.put(values);
  let sheet = null;

  const everyMig = betas.flatMap((_, b) => seeds.flatMap((s) => stored(b, s).mig));
  const most = roundUp(everyMig.reduce((one, other) => Math.max(one, other), 0.05));

  const knob = slider(kit, {
    label: "β",
    min: 0,
    max: betas.length - 1,
    step: 1,
    get: () => betas.indexOf(model.get("beta")),
    put: (b) => put({ beta: betas[b] }),
    words: (b) => String(betas[b]),
  });
  const place = (b) => `left:${(100 * b) / Math.max(betas.length - 1, 1)}%`;
  const scale = h(
    "div",
    { className: "scale", "aria-hidden": "true" },
    ...betas.map((beta, b) => h("span", { style: place(b) }, String(beta))),
  );
  const pickSeed = choice(kit, {
    label: "Seed",
    options: seeds.map((seed) => [String(seed), seed === live ? `${seed}, live` : String(seed)]),
    get: () => String(model.get("seed")),
    put: (seed) => put({ seed: Number(seed) }),
  });
  const pickView = choice(kit, {
    label: "Show",
    options: [["one model", "One model"], ["all seeds", "All seeds"]],
    get: () => model.get("view"),
    put: (view) => put({ view }),
  });
  const dial = slider(kit, {
    label: "Value",
    min: -REACH,
    max: REACH,
    step: 0.01,
    get: () => model.get("value"),
    put: (value) => put({ value }),
    words: (value) => `${named(model.get("latent"))} = ${show(value)}`,
  });
  const picture = imageCanvas(spec.data_shape);
  const hint = h("p", { className: "hint" });
  const verdict = h("p", { className: "verdict" });
  const lines = makeLines(kit, spec, put);
  const table = makeTable(spec);
  const dots = makeDots(spec, most);
  const blocks = makeBlocks(kit, spec, put);
  const one = h(
    "div",
    {},
    h("div", { className: "hero" }, picture, h("div", {}, dial.node, hint)),
    h("div", { className: "model", style: `--aspect:${lines.aspect}` }, lines.node, table.node),
  );
  const all = h("div", {}, dots.node, blocks.node);
  kit.body.append(
    h(
      "div",
      { className: "knobs" },
      h("div", {}, knob.node, scale),
      pickView.node,
      h("div", { className: "all" }, pickSeed.node),
    ),
    verdict,
    one,
    all,
  );

  /** Everything there is to say about what is chosen. */
  function measure() {
    const now = state();
    const b = betas.indexOf(now.beta);
    const models = seeds.map((s) => stored(b, s));
    const isLive = now.seed === live;
    const step = Math.round(((now.value / REACH + 1) / 2) * (steps - 1)); // the nearest stored picture
    return {
      ...now,
      ...models[now.seed],
      b,
      models,
      isLive,
      step,
      place: isLive ? now.value : ((2 * step) / (steps - 1) - 1) * REACH,
      all: spreads(models, spec.t),
      rowOf: (j, s = now.seed) => (b * seeds.length + s) * latents.length + j,
    };
  }

  function pixelsOf({ b, latent, isLive, value, step, rowOf }) {
    if (isLive) return decode(b, latents.map((j) => (j === latent ? value : 0)));
    return sheet ? sheet.tile(rowOf(latent), step) : null;
  }

  function tell(found) {
    const { beta, seed, latent, rates, table: shares, meanMig, view, place: at, isLive } = found;
    const order = [...factors.keys()].sort((f, g) => shares[latent][g] - shares[latent][f]);
    const [first, second] = order.map((f) => `${factors[f]} (${show(shares[latent][f])})`);
    const name = named(latent);
    const rate = quantity(rates[latent], "nats", 2);
    const knows = `${name} (${rate}) tells most about ${first}${second ? `, then ${second}` : ""}`;
    const dead = `${name} is dead (${rate}): its strip stands still. Its mean code tells most about ${first}`;
    const about = rates[latent] < DEAD ? dead : knows;
    const { values, middle, half } = found.all.at(-1);
    const [low, high] = [Math.min, Math.max].map((end) => values.indexOf(end(...values)));
    const range = `from ${show(values[low])} (seed ${low}) to ${show(values[high])} (seed ${high})`;
    verdict.textContent =
      view === "one model"
        ? `β = ${beta}, seed ${seed}: MIG ${show(meanMig)}. ${about}.`
        : `β = ${beta}, ${seeds.length} seeds: MIG ${show(middle)} ± ${show(half)}, ${range}.`;
    hint.textContent = isLive
      ? `Decoded live at ${name} = ${show(at)}, all other latents 0.`
      : `Stored picture at ${name} = ${show(at)}. Only pictures are stored of seed ${seed}; seed ${live} is live.`;
    picture.setAttribute("aria-label", hint.textContent);
    if (kit.hook.numbers) kit.say(verdict.textContent);
  }

  function drawNow() {
    const theme = kit.colours();
    const found = measure();
    const pixels = pixelsOf(found);
    one.hidden = found.view !== "one model";
    all.hidden = !one.hidden;
    [knob, pickSeed, pickView, dial].forEach((each) => each.draw());
    tell(found);
    if (all.hidden) {
      if (pixels) paint(picture, pixels, spec.data_shape[0], theme);
      lines.draw(found, sheet, theme);
      table.draw(found);
    } else {
      dots.draw(found);
      blocks.draw(found, sheet, theme);
    }
    const { models, rowOf, ...numbers } = found;
    kit.hook.numbers = { ...numbers, pixels: Array.from(pixels ?? []), dead: found.rates.map((rate) => rate < DEAD) };
  }

  const draw = oncePerFrame(kit.guard(drawNow));
  kit.on(traits.join(" "), draw);
  kit.repaint(draw);
  kit.reset = () => put(initial);
  draw();
  createImageBitmap(new Blob([model.get("strips")]), { colorSpaceConversion: "none" })
    .then((bitmap) => {
      sheet = makeSheet(bitmap, spec);
      drawNow();
      kit.body.dataset.strips = "true";
    })
    .catch(kit.guard((error) => {
      throw new Error(`its pictures cannot be read: ${error.message}`);
    }));
});
