// The latent explorer: a point in the latent space, and what the decoder makes of it.

const CSS = `
.stage{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px 16px;align-items:start}
.hero,.plane{border-radius:12px;overflow:hidden;border:1px solid var(--line)}
.numbers{display:grid;grid-template-columns:1fr;gap:6px 16px;margin:0;align-self:center}
.numbers div{min-width:0}
dt{color:var(--muted);font-size:12.5px;font-weight:400;line-height:1.3;margin:0}
dd{margin:0;font-size:16px;font-weight:600;line-height:1.35;overflow-wrap:anywhere}
.map{grid-column:1/-1}
.plane{position:relative;aspect-ratio:1;overflow:visible;cursor:crosshair;user-select:none;-webkit-user-select:none}
.plane canvas{position:absolute;inset:0;width:100%;height:100%;border-radius:11px}
.handle{position:absolute;left:-22px;top:-22px;width:44px;height:44px;border-radius:50%;touch-action:none;cursor:grab;will-change:transform}
.handle:active{cursor:grabbing}
.handle::after{content:"";position:absolute;inset:11px;border-radius:50%;background:var(--card);border:5px solid var(--accent);box-shadow:0 0 0 2px var(--card),0 2px 8px #0007}
.handle:focus-visible{outline-offset:-7px}
.row{display:flex;flex-wrap:wrap;gap:6px 5px;align-items:center;margin-top:10px;font-size:14px}
.row label+label{margin-left:10px}
.chip{display:flex;align-items:center;gap:6px;padding:0 10px;min-width:36px;justify-content:center}
.chip[aria-pressed=true]{border-color:var(--text);background:var(--well)}
.chip.letter{flex:1 1 22px;max-width:44px;min-width:0;padding:0}
@media (pointer:coarse){.chip.letter{min-width:44px}}
.chip svg{width:13px;height:13px}
.chip b{font-weight:700}
.head{font-size:15px;font-weight:600;line-height:1.3;margin:24px 0 0}
.hint{color:var(--muted);font-size:13px;margin:2px 0 0}
.pick{width:52px;height:52px;padding:0;position:relative}
.pick i{display:block;height:100%;border-radius:8px;background-repeat:no-repeat;image-rendering:pixelated}
.pick .smooth{image-rendering:auto}
.frame[data-dark=true] .pick .grey{filter:invert(.93)}
.pick[aria-pressed=true]{border-color:var(--accent);box-shadow:0 0 0 2px var(--accent)}
.pick[data-end]::after{content:attr(data-end);position:absolute;right:-8px;top:-9px;min-width:21px;line-height:21px;border-radius:11px;font-size:12px;font-weight:700;background:var(--accent);color:var(--card)}
.strip{display:grid;grid-template-columns:repeat(7,minmax(0,1fr));gap:clamp(2px,.8cqi,6px)}
.strip .image{border-radius:6px;box-shadow:0 0 0 1px var(--line)}
.path input{margin:0 calc(100%/14 - 8px);width:calc(100% - 100%/7 + 16px)}
.ends{display:grid;grid-template-columns:1fr 5fr 1fr;text-align:center;font-size:14px;font-weight:600;margin:14px 0 -4px}
.ends span:nth-child(2){color:var(--muted);font-weight:400}
.dims{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:16px 26px;margin-top:12px}
.dim label{display:flex;justify-content:space-between;font-size:14px;font-weight:600}
[hidden]{display:none!important}
@container (min-width:600px){
.stage{grid-template-columns:repeat(2,minmax(0,1fr));gap:14px clamp(16px,3.4cqi,32px);align-items:start}
.map{grid-column:2;grid-row:1/3}
.numbers{grid-template-columns:repeat(2,1fr);align-self:start}
}
`;

const STEPS = 7;

function makeDecoder(spec, weights) {
  const network = makeNetwork(spec.layers, readNumbers(weights, spec.dtype));
  const mean = MEANS[spec.likelihood];
  if (!mean) throw new Error(`unknown likelihood ${spec.likelihood}`);
  return (z) => network(z).map(mean);
}

function makePlane(kit, spec, codes, moveTo) {
  const { model } = kit;
  const { extent, classes } = spec;
  const letters = classes.every((name) => [...name].length === 1);
  const canvas = h("canvas", { "aria-hidden": "true" });
  const handle = h("div", {
    className: "handle",
    tabIndex: 0,
    role: "slider",
    "aria-label": "Point in the latent plane; use the arrow keys",
    "aria-roledescription": "point on a plane",
    "aria-valuemin": -extent,
    "aria-valuemax": extent,
  });
  const plane = h("div", { className: "plane" }, canvas, handle);
  let pinned = null;
  let lit = null; // the class that stands out

  const colour = (label, theme) => classColour(spec.colours, label, theme);
  const to = (x, size) => ((x + extent) / (2 * extent)) * size;
  const place = (z, size) =>
    model.get("axes").map((axis, i) => (i ? size - to(z[axis], size) : to(z[axis], size)));

  function drawGlow(context, { size, middle: [middle], sigma, theme: { accent, card } }) {
    context.fillStyle = accent;
    const opaque = context.fillStyle; // as #rrggbb, however the theme writes it
    const glow = context.createRadialGradient(middle, middle, 0, middle, middle, 3.5 * sigma);
    for (let k = 0; k <= 14; k++) {
      const alpha = Math.round(56 * Math.exp(-((k / 4) ** 2) / 2));
      glow.addColorStop(k / 14, opaque + alpha.toString(16).padStart(2, "0"));
    }
    for (const style of [card, glow]) {
      context.fillStyle = style;
      context.fillRect(0, 0, size, size);
    }
  }

  function drawAxisNames(context, { size, middle: [middle], theme }) {
    const look = { theme, colour: theme.text, font: "italic 15px" };
    const [across, up] = model.get("axes").map((axis) => `z${subscript(axis + 1)}`);
    drawWords(context, across, [size - 10, middle - 12], { ...look, textAlign: "right" });
    drawWords(context, up, [middle + 9, 14], { ...look, textAlign: "left" });
  }

  function drawCodes(context, { size, theme }) {
    const scale = Math.min(Math.max(size / 380, 0.8), 1.15);
    const [others, those] = [false, true].map((which) => codes.filter(({ label }) => (label === lit) === which));
    for (const [globalAlpha, group] of lit === null ? [[0.8, codes]] : [[0.13, others], [1, those]]) {
      const [places, labels] = [group.map(({ z }) => place(z, size)), group.map(({ label }) => label)];
      const look = { names: classes, colours: spec.colours, theme, scale: 0.72 * scale, font: `600 ${11.5 * scale}px` };
      context.globalAlpha = globalAlpha;
      (letters && classes.length ? drawLetters : drawMarks)(context, places, labels, look);
    }
  }

  const draw = oncePerFrame(
    kit.guard(() => {
      const size = plane.clientWidth;
      if (!size) return;
      const theme = kit.colours();
      const context = crisp(canvas, size, size);
      const view = { size, middle: [size / 2, size / 2], sigma: size / 2 / extent, theme };
      const ends = ["start", "end"].map((end) => spec.input_codes[model.get(end)] ?? null);
      drawGlow(context, view);
      drawPrior(context, view, { colour: theme.muted, alpha: 0.7, axes: 0.3 });
      drawCodes(context, view);
      namePrior(context, view, { colour: theme.muted });
      drawAxisNames(context, view);
      drawPath(context, ends.map((code) => code && place(code, size)), { colour: theme.accent, theme });
      point();
    }),
  );

  function point() {
    const z = model.get("z");
    const [x, y] = place(z, plane.clientWidth).map((v) => Math.min(Math.max(v, 0), plane.clientWidth));
    handle.style.transform = `translate(${x}px,${y}px)`;
    const [i, j] = model.get("axes");
    handle.setAttribute("aria-valuenow", z[i]);
    handle.setAttribute("aria-valuetext", `z${i + 1} ${show(z[i])}, z${j + 1} ${show(z[j])}`);
  }

  const moved = (pair) => {
    const z = [...model.get("z")];
    model.get("axes").forEach((axis, i) => (z[axis] = pair[i]));
    moveTo(z);
  };
  const within = (x) => Math.min(Math.max(x, -extent), extent);
  dragging(plane, handle, {
    move: (x, y) => moved([(2 * x - 1) * extent, (2 * y - 1) * extent]),
    step: (...by) => moved(model.get("axes").map((axis, i) => within(model.get("z")[axis] + 0.05 * by[i]))),
    home: () => moved([0, 0]),
  });

  const chips = classes.map((name, label) => {
    const mark = letters ? h("b", {}, name) : h("span");
    const chip = h(
      "button",
      {
        type: "button",
        className: letters ? "chip letter" : "chip",
        "aria-pressed": "false",
        "aria-label": `Show class ${name}`,
      },
      mark,
      letters ? "" : name,
    );
    const stand = (which) => () => ((lit = which ?? pinned), draw());
    Object.assign(chip, {
      onmouseenter: stand(label),
      onfocus: stand(label),
      onmouseleave: stand(null),
      onblur: stand(null),
    });
    chip.onclick = () => pin(pinned === label ? null : label);
    return { chip, mark };
  });
  function pin(label) {
    lit = pinned = label;
    chips.forEach(({ chip }, i) => chip.setAttribute("aria-pressed", i === label));
    draw();
  }
  function tint() {
    const theme = kit.colours();
    chips.forEach(({ mark }, label) => {
      const fill = colour(label, theme);
      if (letters) mark.style.color = fill;
      else
        mark.innerHTML = `<svg viewBox="-6 -6 12 12" aria-hidden="true"><path d="${MARKS[label % MARKS.length]}" fill="${fill}"/></svg>`;
    });
    draw();
  }

  const node = h("div", { className: "map" }, plane);
  if (chips.length)
    node.append(
      h(
        "div",
        { className: "row", role: "group", "aria-label": "Classes" },
        ...chips.map(({ chip }) => chip),
      ),
    );
  if (spec.latent_dim > 2) node.append(makeAxes(kit, spec));
  return { node, draw, point, tint, pin };
}

function makeAxes(kit, spec) {
  const menus = ["Across", "Up"].map((name, side) => {
    const menu = h(
      "select",
      { "aria-label": `Latent dimension drawn ${name.toLowerCase()}` },
      ...Array.from({ length: spec.latent_dim }, (_, i) => h("option", { value: i }, `z${subscript(i + 1)}`)),
    );
    menu.onchange = kit.guard(() => {
      const axes = [...kit.model.get("axes")];
      if (axes[1 - side] === +menu.value) axes[1 - side] = axes[side]; // never one dimension twice
      axes[side] = +menu.value;
      kit.put({ axes });
    });
    return menu;
  });
  const fill = () => menus.forEach((menu, side) => (menu.value = kit.model.get("axes")[side]));
  kit.on("axes", fill);
  fill();
  return h("div", { className: "row" }, h("label", {}, "Across ", menus[0]), h("label", {}, "Up ", menus[1]));
}

/** Seven small canvases in a row, and how to paint them. */
function makeStrip(spec, decode, label) {
  const canvases = Array.from({ length: STEPS }, () =>
    imageCanvas(spec.data_shape, { "aria-hidden": "true" }),
  );
  const node = h("div", { className: "strip", role: "img", "aria-label": label }, ...canvases);
  return {
    node,
    jobs: (codeAt, theme) =>
      canvases.map((canvas, k) => () => paint(canvas, decode(codeAt(k)), spec.data_shape[0], theme)),
  };
}

function makeWalk(kit, spec, decode, nearest) {
  const { model } = kit;
  const [channels, , width] = spec.data_shape;
  const count = spec.input_codes.length;
  const sheet = URL.createObjectURL(new Blob([model.get("inputs")]));
  kit.leave(() => URL.revokeObjectURL(sheet));
  const look = `${channels === 1 ? "grey" : ""} ${width > 16 ? "smooth" : ""}`;
  const picks = spec.input_codes.map((code, i) => {
    const near = nearest(code);
    const style = `background:url(${sheet}) ${(100 * i) / (count - 1)}% 0/${100 * count}% 100%`;
    return h(
      "button",
      {
        type: "button",
        className: "pick",
        onclick: kit.guard(() => choose(i)),
        "aria-label": `Picture ${i + 1}${near ? `, near class ${near}` : ""}`,
      },
      h("i", { className: look, style }),
    );
  });
  const strip = makeStrip(spec, decode, "Seven decoded images on the straight line from A to B");
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.01,
    "aria-label": "Place on the path from A to B",
  });
  const share = h("span");
  const path = h(
    "div",
    { className: "path" },
    h("div", { className: "ends", "aria-hidden": "true" }, h("span", {}, "A"), share, h("span", {}, "B")),
    slider,
    strip.node,
  );
  const trickling = trickle(kit.guard);
  let older = "start";

  const ends = (chosen = model.get.bind(model)) =>
    [chosen("start"), chosen("end")].map((input) => spec.input_codes[input]);

  function choose(i) {
    const chosen = { start: model.get("start"), end: model.get("end") };
    let side = ["start", "end"].find((name) => chosen[name] === i);
    if (!side) {
      side = ["start", "end"].find((name) => chosen[name] === null) ?? older;
      chosen[side] = i;
      older = side === "start" ? "end" : "start";
    }
    kit.put({ ...chosen, path_position: side === "start" ? 0 : 1, z: [...spec.input_codes[i]] });
  }
  slider.oninput = kit.guard(() => {
    const path_position = Number(slider.value);
    kit.put({ path_position, z: onPath(ends(), path_position) });
  });

  function position() {
    const t = model.get("path_position");
    slider.value = t;
    share.textContent = `${show(t)} of the way`;
    slider.setAttribute("aria-valuetext", share.textContent);
  }
  function draw() {
    const [start, end] = ends();
    picks.forEach((pick, i) => {
      const letters = (i === model.get("start") ? "A" : "") + (i === model.get("end") ? "B" : "");
      pick.setAttribute("aria-pressed", letters !== "");
      pick.toggleAttribute("data-end", letters !== "");
      if (letters) pick.dataset.end = letters;
    });
    path.hidden = !(start && end);
    if (!path.hidden) trickling(strip.jobs((k) => onPath([start, end], k / (STEPS - 1)), kit.colours()));
    position();
  }
  kit.on("path_position", position);
  kit.on("start end", draw);
  const node = h(
    "div",
    {},
    h("p", { className: "head" }, "Walk between two pictures"),
    h(
      "p",
      { className: "hint" },
      "Pick any two; a third choice replaces the older one. Below, what the decoder makes of the straight line between their codes.",
    ),
    h("div", { className: "row" }, ...picks),
    path,
  );
  return { node, draw };
}

function makeDimensions(kit, spec, decode, moveTo) {
  const { model } = kit;
  const trickling = trickle(kit.guard);
  const rows = Array.from({ length: spec.latent_dim }, (_, i) => {
    const name = `z${subscript(i + 1)}`;
    const value = h("output");
    const slider = h("input", {
      type: "range",
      min: -spec.extent,
      max: spec.extent,
      step: 0.01,
      "aria-label": `Latent dimension ${i + 1}`,
    });
    slider.oninput = kit.guard(() =>
      moveTo(model.get("z").map((x, j) => (j === i ? Number(slider.value) : x))),
    );
    const strip = makeStrip(spec, decode, `Seven decoded images along latent dimension ${i + 1}`);
    return {
      slider,
      value,
      strip,
      node: h("div", { className: "dim" }, h("label", {}, name, value), slider, strip.node),
    };
  });
  const reach = (k) => spec.extent * ((2 * k + 1) / STEPS - 1); // each picture stands under its place on the slider
  function draw() {
    const z = model.get("z");
    const theme = kit.colours();
    const jobs = rows.map(({ slider, value, strip }, i) => {
      slider.value = z[i];
      value.textContent = show(z[i]);
      return strip.jobs((k) => z.map((x, j) => (j === i ? reach(k) : x)), theme);
    });
    trickling(jobs.flat());
  }
  const node = h(
    "div",
    {},
    h("p", { className: "head" }, "One dimension at a time"),
    h(
      "p",
      { className: "hint" },
      "Each strip moves one latent dimension across its range and leaves the others where they are.",
    ),
    h("div", { className: "dims" }, ...rows.map((row) => row.node)),
  );
  return { node, draw };
}

export default widget(CSS, (kit) => {
  const { model } = kit;
  const spec = model.get("spec");
  const decode = makeDecoder(spec, model.get("weights"));
  const labels = readLabels(model.get("labels"));
  const places = readCodes(model.get("codes"), spec.latent_dim, spec.code_step);
  const codes = places.map((z, n) => ({ z, label: labels[n] ?? 0 }));
  const hero = imageCanvas(spec.data_shape, { "aria-label": "The decoded image" });
  const initial = Object.fromEntries(
    ["z", "start", "end", "path_position", "axes"].map((name) => [name, model.get(name)]),
  );
  const moveTo = kit.guard((z) => kit.put({ z }));

  function nearest(z) {
    const distance = (code) => code.z.reduce((sum, x, i) => sum + (x - z[i]) ** 2, 0);
    let best = null;
    for (const code of codes) {
      const away = distance(code);
      if (!best || away < best.away) best = { away, label: code.label };
    }
    return best && spec.classes[best.label];
  }

  const numbers = Object.fromEntries(
    ["Code z", "Prior density log p(z)", "Distance from origin", "Class of nearest code"].map((name) => [
      name,
      h("dd"),
    ]),
  );
  const [code, density, distance, near] = Object.values(numbers);
  const list = Object.entries(numbers).map(([name, value]) =>
    h("div", { hidden: value === near && !spec.classes.length }, h("dt", {}, name), value),
  );

  const plane = makePlane(kit, spec, codes, moveTo);
  const walk = spec.input_codes.length > 0 && makeWalk(kit, spec, decode, nearest);
  const dimensions = spec.latent_dim > 2 && makeDimensions(kit, spec, decode, moveTo);
  kit.body.append(
    h(
      "div",
      { className: "stage" },
      h("div", { className: "hero" }, hero),
      h("dl", { className: "numbers" }, ...list),
      plane.node,
    ),
  );
  if (dimensions) kit.body.append(dimensions.node);
  if (walk) kit.body.append(walk.node);

  function drawNow() {
    const z = model.get("z");
    const pixels = decode(z);
    Object.assign(kit.hook, { z, pixels });
    paint(hero, pixels, spec.data_shape[0], kit.colours());
    plane.point();
    code.textContent = `(${z.map((x) => show(x)).join(", ")})`;
    density.textContent = `${show(logPrior(z))} nats`;
    distance.textContent = show(Math.hypot(...z));
    near.textContent = nearest(z) ?? "";
    if (dimensions) dimensions.draw();
    kit.say(
      `z ${z.map((x) => show(x)).join(", ")}; log density ${density.textContent}${near.textContent && `; nearest class ${near.textContent}`}`,
    );
  }
  const draw = oncePerFrame(kit.guard(drawNow));
  const drawAll = () => (plane.tint(), walk && walk.draw(), draw());

  drawNow();
  kit.on("z", draw);
  kit.on("axes", () => (plane.draw(), draw()));
  kit.on("start end", plane.draw);
  kit.repaint(drawAll);
  kit.reset = () => (plane.pin(null), kit.put(initial));
});
