// One Gaussian q for a mixture p of two: placed by hand, or sent down the surface of forward or of reverse KL.

const CSS = FIGURES + PEAKS + `
.bar-top{display:flex;flex-wrap:wrap;justify-content:space-between;gap:8px 18px;margin-bottom:12px}
.head{font-weight:600;font-size:14px;margin:0 0 2px}
.well{position:absolute;overflow:hidden;border-radius:6px;box-shadow:0 0 0 1px var(--line)}
.well canvas{position:absolute;left:calc(-100%/140);width:calc(100%*71/70);top:calc(-100%/80);height:calc(100%*41/40)}
.map .chart{position:relative;pointer-events:none}
.map .plane{pointer-events:auto;cursor:crosshair;user-select:none;-webkit-user-select:none}
.way{position:absolute;inset:0;width:100%;height:100%;overflow:visible;pointer-events:none}
.way path{fill:none;stroke-linejoin:round;stroke-linecap:round}
.way .halo{stroke:var(--card);stroke-width:5}
.way .trail{stroke:var(--q);stroke-width:2.4}
.way .start{fill:var(--card);stroke:var(--q);stroke-width:2}
.contour{fill:none;stroke:var(--text);stroke-opacity:.38}
.chart .level{font-size:11px;stroke-opacity:.8}
.best{stroke:var(--text);stroke-width:2.2}
.tools{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin:12px 0 16px}
.tools .go{background:var(--accent);border-color:var(--accent);color:var(--card);font-weight:600;min-width:7.5em}
.tools .verdict{display:flex;align-items:center;margin:0;flex:1 1 260px;font-size:14px}
.chosen th{font-weight:600}
.pair{display:grid;gap:4px 20px;grid-template-columns:repeat(2,minmax(0,1fr))}
.lower{margin-bottom:14px}
`;

const VIEW = [-10, 10];
const REACH = { mean: [-7, 7], sigma: [0.25, 6] };
const LOG_REACH = REACH.sigma.map(Math.log);
const FURTHEST = 5; // no hump's mean lies further out, as in Python

// ---- the target p: {weights, means, sigmas} ----

/**
 * ln p(x) and its slope, from the logarithms of both humps: far out p itself would be zero. A hump of weight 0 counts
 * minus infinity, and nothing.
 */
function logTarget(x, [one, other]) {
  const first = one.log - ((x - one.mean) / one.sigma) ** 2 / 2;
  const second = other.log - ((x - other.mean) / other.sigma) ** 2 / 2;
  const minor = Math.exp(-Math.abs(first - second)); // the smaller one, next to the larger
  const share = (first > second ? 1 : minor) / (1 + minor);
  const slope =
    (share * (one.mean - x)) / one.sigma ** 2 + ((1 - share) * (other.mean - x)) / other.sigma ** 2;
  return { value: Math.max(first, second) + Math.log1p(minor), slope };
}

/**
 * How far apart the places of a sum may lie. ln p bends most where one hump takes over from the other; the sum is
 * exact to the ninth digit when a few places fall into that bend.
 */
function grain(parts) {
  const narrowest = Math.min(...parts.map(({ sigma }) => sigma));
  const apart = Math.abs(parts[0].mean - parts[1].mean);
  return Math.PI / 3 / (apart / narrowest ** 2 + 2 / narrowest);
}

/** What the divergences need to know of p: its parts, moments and differential entropy. */
function describeTarget({ weights, means, sigmas }) {
  const parts = weights.map((weight, i) => {
    const log = Math.log(weight) - Math.log(sigmas[i]) - LOG_ROOT;
    return { weight, mean: means[i], sigma: sigmas[i], log };
  });
  const mean = parts.reduce((sum, part) => sum + part.weight * part.mean, 0);
  const variance = parts.reduce((sum, part) => sum + part.weight * (part.sigma ** 2 + (part.mean - mean) ** 2), 0);
  const low = Math.min(...parts.map((part) => part.mean - 9 * part.sigma));
  const high = Math.max(...parts.map((part) => part.mean + 9 * part.sigma));
  const surpriseAt = (x) => {
    const { value } = logTarget(x, parts);
    return -value * Math.exp(value);
  };
  return { parts, mean, variance, grain: grain(parts), entropy: sumUp(surpriseAt, low, high, grain(parts)) };
}

// ---- the two divergences: a q becomes a place {mean, sigma, value, slope}, with the KL in nats and its slopes in the
// mean and in ln sigma ----

const LOSSES = {
  /** KL(p || q) needs nothing of p but its entropy and its first two moments. */
  forward(p, { mean, sigma }) {
    const spread = (p.variance + (p.mean - mean) ** 2) / sigma ** 2;
    return {
      mean,
      sigma,
      value: Math.max(Math.log(sigma) + LOG_ROOT + spread / 2 - p.entropy, 0),
      slope: [(mean - p.mean) / sigma ** 2, 1 - spread],
    };
  },
  /** KL(q || p): the average of ln p under q by a sum, and its slopes from x = mean + sigma z. */
  reverse(p, { mean, sigma }) {
    const half = Math.ceil((9 * sigma) / Math.min(sigma / 3, p.grain));
    const step = 9 / half;
    let [average, across, wider] = [0, 0, 0];
    for (let i = -half; i <= half; i++) {
      const z = i * step;
      const share = Math.exp(-z * z / 2 - LOG_ROOT) * step;
      const { value, slope } = logTarget(mean + sigma * z, p.parts);
      average += share * value;
      across += share * slope;
      wider += share * slope * sigma * z;
    }
    return {
      mean,
      sigma,
      value: Math.max(-Math.log(sigma) - LOG_ROOT - 0.5 - average, 0),
      slope: [-across, -1 - wider],
    };
  },
};

/**
 * One step down from a place to another, or null at the bottom. The natural gradient measures a step by how much it changes q, so the slope
 * in the mean counts sigma² times and that in ln sigma half. A step that would climb is halved.
 */
function stepDown(loss, p, { mean, sigma, value, slope }, rate = 0.25, longest = 0.2) {
  const way = [-rate * sigma ** 2 * slope[0], (-rate * slope[1]) / 2];
  const length = Math.hypot(...way);
  for (let share = Math.min(1, longest / length); share * length > 1e-7; share /= 2) {
    const next = loss(p, {
      mean: clamp(mean + share * way[0], REACH.mean),
      sigma: clamp(sigma * Math.exp(share * way[1]), REACH.sigma),
    });
    const moved = Math.hypot(next.mean - mean, Math.log(next.sigma / sigma));
    if (next.value <= value + 1e-13) return moved > 1e-7 ? next : null;
  }
  return null;
}

/** The lowest places of both surfaces; the reverse one may have two, as low as each other. */
function optima(p) {
  const matched = { mean: p.mean, sigma: Math.sqrt(p.variance) };
  const ends = [matched, ...p.parts].map((start) => {
    let place = LOSSES.reverse(p, start);
    for (let next = place, i = 0; next && i < 200; i++) [place, next] = [next, stepDown(LOSSES.reverse, p, next, 0.5, 1)];
    return place;
  });
  const least = Math.min(...ends.map(({ value }) => value));
  const lowest = ends.filter(({ value }) => value < least + 1e-9);
  return {
    forward: [LOSSES.forward(p, matched)],
    reverse: lowest.filter((end, i) => !lowest.slice(0, i).some((other) => Math.abs(other.mean - end.mean) < 1e-3)),
  };
}

// ---- the surface over the mean and ln sigma ----

const COLUMNS = 71;
const ROWS = 41;
const MEANS = places(REACH.mean, COLUMNS - 1);
const SIGMAS = places(LOG_REACH, ROWS - 1).map(Math.exp);
const GRAIN = 0.1; // of the sums: half a column

/** The surface as a table of rows, row 0 the narrowest q. For a picture: right to a few hundredths. */
function surface(direction, p) {
  if (direction === "forward")
    return SIGMAS.map((sigma) => MEANS.map((mean) => LOSSES.forward(p, { mean, sigma }).value));
  const side = Math.ceil((7 * REACH.sigma[1]) / GRAIN);
  const [first, count] = [REACH.mean[0] - side * GRAIN, 2 * side + 2 * COLUMNS - 1];
  const logs = Float64Array.from({ length: count }, (_, i) => logTarget(first + i * GRAIN, p.parts).value);
  return SIGMAS.map((sigma) => {
    // The same weights serve every mean: only their place in the row of logarithms moves.
    const reach = Math.ceil((7 * sigma) / GRAIN);
    const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
      normal((i - reach) * GRAIN, { mean: 0, sigma }) * GRAIN,
    );
    return MEANS.map((_, column) => {
      const from = side + 2 * column - reach;
      let average = 0;
      for (let i = 0; i < weights.length; i++) average += weights[i] * logs[from + i];
      return Math.max(-Math.log(sigma) - LOG_ROOT - 0.5 - average, 0);
    });
  });
}

const height = (value) => Math.log(value + 0.05); // lines and tints follow the logarithm, which stays finite at zero

/** The segments, in columns and rows, of the line on which a table crosses a level. */
function contour(table, level) {
  const segments = [];
  const cross = ([i, j], [k, l]) => {
    const [a, b] = [table[j][i], table[l][k]];
    if (a > level === b > level) return [];
    const share = (level - a) / (b - a);
    return [[i + share * (k - i), j + share * (l - j)]];
  };
  for (let j = 0; j < table.length - 1; j++)
    for (let i = 0; i < table[j].length - 1; i++) {
      const above = (table[j][i] > level) + (table[j][i + 1] > level) + (table[j + 1][i] > level) + (table[j + 1][i + 1] > level);
      if (above % 4 === 0) continue; // all corners on one side
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const found = corners.flatMap((corner, k) => cross(corner, corners[(k + 1) % 4]));
      for (let k = 0; k < found.length; k += 2) segments.push([found[k], found[k + 1]]);
    }
  return segments;
}

const LEVELS = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500];

/** A map of the surface, with q's way on it and a handle at q. */
function makeMap(kit, { get, put, home }) {
  const margins = { left: 40, right: 12, top: 26, bottom: 40 };
  const canvas = h("canvas", { width: COLUMNS, height: ROWS, "aria-hidden": "true" });
  const well = h("div", { className: "well", style: insetBy(margins) }, canvas);
  const picture = chart({ label: "", height: 300, ...margins });
  const way = svg("svg", { class: "way", "aria-hidden": "true" });
  const within = (mean, logSigma) => ({
    mean: clamp(mean, REACH.mean),
    sigma: clamp(Math.exp(logSigma), REACH.sigma),
  });
  const along = ([low, high], share) => low + share * (high - low);
  const { plane, place } = handleOver(margins, {
    name: "q",
    series: "q",
    label: "q on the map: left and right move its mean, up makes it wider, down narrower",
    move: (x, y) => put(within(hundredths(along(REACH.mean, x)), along(LOG_REACH, y))),
    step: (across, up) => put(within(get().mean + 0.05 * across, Math.log(get().sigma) + 0.05 * up)),
    home,
  });
  plane.prepend(way);
  const node = h("div", { className: "stage map" }, well, picture.node, plane);
  const share = (x, [low, high]) => (x - low) / (high - low);
  const at = ({ mean, sigma }) => [share(mean, REACH.mean), share(Math.log(sigma), LOG_REACH)];

  function paint(table, least) {
    const context = canvas.getContext("2d");
    context.fillStyle = getComputedStyle(node).getPropertyValue("--r").trim();
    const [r, g, b] = rgb(context.fillStyle);
    const image = context.createImageData(COLUMNS, ROWS);
    const most = Math.max(...table.flat());
    table.forEach((row, j) =>
      row.forEach((value, i) => {
        const climb = (height(value) - height(least)) / (height(most) - height(least));
        const alpha = 215 * (1 - clamp(climb, [0, 1])) ** 1.4;
        image.data.set([r, g, b, alpha], 4 * ((ROWS - 1 - j) * COLUMNS + i));
      }),
    );
    context.putImageData(image, 0, 0);
  }

  /** The ground: tints and lines of the table, in nats; lines stand at round numbers of the unit. */
  function drawGround(table, lowest, unit) {
    const least = lowest[0].value;
    const heights = table.map((row) => row.map(height));
    paint(table, least);
    const axes = { x: REACH.mean, y: LOG_REACH, xTicks: [-6, -4, -2, 0, 2, 4, 6], yTicks: [] };
    picture.draw({ ...axes, xTitle: "mean of q", yTitle: "σ of q" }, (pen) => {
      for (const sigma of [0.25, 0.5, 1, 2, 4]) {
        const look = { x: margins.left - 6, y: pen.Y(Math.log(sigma)) + 4, class: "tick", "text-anchor": "end" };
        pen.add(svg("text", look, String(sigma)));
      }
      const X = (column) => pen.X(along(REACH.mean, column / (COLUMNS - 1)));
      const Y = (row) => pen.Y(along(LOG_REACH, row / (ROWS - 1)));
      const crosses = lowest.map((q) => ({ x: pen.X(q.mean), y: pen.Y(Math.log(q.sigma)) }));
      const labels = [...crosses]; // kept clear of each other and of the crosses
      for (const level of LEVELS) {
        const segments = contour(heights, height(level * (unit === "bits" ? Math.LN2 : 1)));
        if (!segments.length) continue;
        const lines = segments.map(([a, b]) => `M${X(a[0]).toFixed(1)} ${Y(a[1]).toFixed(1)}L${X(b[0]).toFixed(1)} ${Y(b[1]).toFixed(1)}`);
        pen.add(svg("path", { class: "contour", d: lines.join("") }));
        const [column, row] = segments.map(([a]) => a).reduce((best, a) => (a[0] > best[0] ? a : best));
        const x = Math.min(X(column), pen.width - margins.right - 18);
        const y = clamp(Y(row), [margins.top + 12, 300 - margins.bottom - 8]);
        if (labels.every((label) => Math.hypot((label.x - x) / 1.6, label.y - y) > 17)) labels.push({ x, y, level });
      }
      labels.slice(crosses.length).forEach(({ x, y, level }) =>
        pen.add(svg("text", { class: "level", x, y: y + 4, "text-anchor": "middle" }, String(level))),
      );
      crosses.forEach(({ x, y }) => pen.add(svg("path", { class: "best", d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` })));
    });
  }

  function drawWay(path) {
    const [width, tall] = [plane.clientWidth, plane.clientHeight];
    const points = path.map((q) => at(q)).map(([x, y]) => [x * width, (1 - y) * tall]);
    const d = points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
    way.replaceChildren();
    if (path.length > 1) {
      way.append(svg("path", { class: "halo", d }), svg("path", { class: "trail", d }));
      way.append(svg("circle", { class: "start", cx: points[0][0], cy: points[0][1], r: 4.5 }));
    }
    place(...at(get()), { range: REACH.mean, now: get().mean, words: inWords(get()) });
  }
  return { node, drawGround, drawWay, describe: picture.describe };
}

// ---- the widget ----

const amount = (x) => show(x, x < 100 ? 3 : 1);
const NAMES = { forward: "forward KL(p‖q)", reverse: "reverse KL(q‖p)" };

export default widget(CSS, (kit) => {
  const { model } = kit;
  const TARGET = ["weights", "means", "sigmas"];
  const read = (names) => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const now = () => read(["mean", "sigma"]);
  const start = read([...TARGET, "mean", "sigma", "direction"]);
  let unit = "bits";
  let p = null; // what the divergences need to know of the target,
  let lowest = null; // the lowest places,
  let table = null; // and the surface: renewed when the target changes, the surface also with the direction
  let path = []; // q's way down, from where it set out
  let going = 0; // the frame asked for while q descends
  let arrived = false;

  const inUnit = (nats) => amount(unit === "bits" ? bits(nats) : nats);
  const halt = () => ((going &&= cancelAnimationFrame(going)), (going = 0));
  kit.leave(halt);
  const forget = () => (halt(), (path = []), (arrived = false));
  const placeByHand = (q) => (forget(), kit.put(q));

  const top = Math.max(0.5, 1.1 * normal(0, { mean: 0, sigma: Math.min(...start.sigmas) }));
  const densities = densityChart({
    label: "",
    x: VIEW,
    top,
    height: 300,
    hands: [
      {
        name: "q",
        series: "q",
        reach: REACH,
        get: now,
        put: placeByHand,
        home: () => placeByHand({ mean: start.mean, sigma: start.sigma }),
      },
    ],
  });
  const map = makeMap(kit, {
    get: now,
    put: placeByHand,
    home: () => placeByHand({ mean: start.mean, sigma: start.sigma }),
  });

  const choices = [
    choice(kit, {
      label: "Descend on",
      options: Object.entries(NAMES),
      get: () => model.get("direction"),
      put: (direction) => kit.put({ direction }),
    }),
    choice(kit, {
      label: "Unit",
      options: [["bits", "bits"], ["nats", "nats"]],
      get: () => unit,
      put: (chosen) => ((unit = chosen), drawAll()),
    }),
  ];
  const trait = (name, label) => {
    const [min, max] = REACH[name];
    const put = (value) => placeByHand({ [name]: value });
    return slider(kit, { label, min, max, step: 0.05, get: () => model.get(name), put, words: show });
  };
  const sliders = {
    q: [trait("mean", "mean"), trait("sigma", "σ")],
    p: [
      slider(kit, {
        label: "distance",
        min: 0,
        max: 2 * FURTHEST,
        step: 0.1,
        get: () => Math.abs(model.get("means")[1] - model.get("means")[0]),
        put: (distance) => kit.put({ means: apart(model.get("means"), distance) }),
        words: show,
      }),
      slider(kit, {
        label: "weight, right",
        min: 0,
        max: 1,
        step: 0.01,
        get: () => model.get("weights")[right()],
        put: (weight) => kit.put({ weights: right() ? [1 - weight, weight] : [weight, 1 - weight] }),
        words: show,
      }),
    ],
  };
  const right = () => (start.means[1] >= start.means[0] ? 1 : 0);

  /** The means this far apart, about the same middle if both stay within reach. */
  function apart(means, distance) {
    const room = FURTHEST - distance / 2;
    const middle = clamp((means[0] + means[1]) / 2, [-room, room]);
    const half = (right() ? distance : -distance) / 2;
    return [middle - half, middle + half];
  }

  const go = h("button", { type: "button", className: "go", onclick: kit.guard(() => (going ? (halt(), draw()) : descend())) });
  const once = h("button", { type: "button", onclick: kit.guard(() => (halt(), advance(1), draw())) }, "One step");
  const line = h("p", { className: "verdict" });
  const rows = Object.fromEntries(
    Object.keys(NAMES).map((direction) => {
      const cells = [h("td"), h("td"), h("td")];
      const [word, symbols] = NAMES[direction].split(" ");
      const head = h("th", { scope: "row" }, symbols, h("small", {}, word));
      return [direction, { cells, node: h("tr", {}, head, ...cells) }];
    }),
  );
  const heads = ["", "now", "at best", "best q"].map((words) => h("th", { scope: "col" }, words));
  const numbers = h(
    "table",
    { className: "numbers" },
    h("thead", {}, h("tr", {}, ...heads)),
    h("tbody", {}, ...Object.values(rows).map(({ node }) => node)),
  );
  const controls = (name, series) =>
    group(name, series, h("div", { className: "pair" }, ...sliders[series].map(({ node }) => node)));
  const mapHead = h("p", { className: "head" });
  kit.body.append(
    h("div", { className: "bar-top" }, ...choices.map(({ node }) => node)),
    h(
      "div",
      { className: "columns" },
      h("div", {}, h("p", { className: "head" }, "The densities"), densities.node),
      h("div", {}, mapHead, map.node),
    ),
    h("div", { className: "tools" }, go, once, line),
    h("div", { className: "columns lower" }, controls("q, dashed", "q"), controls("p, solid, two humps", "p")),
    numbers,
  );

  // ---- descent ----

  /** Go down at most so many steps. */
  function advance(steps) {
    const loss = LOSSES[model.get("direction")];
    if (!path.length) path = [loss(p, now())];
    for (arrived = false; steps && !arrived; steps--) {
      const next = stepDown(loss, p, path.at(-1));
      if (next) path.push(next);
      else arrived = true;
    }
    const { mean, sigma } = path.at(-1);
    kit.put({ mean, sigma });
  }
  const frame = kit.guard(() => {
    advance(1);
    going = arrived ? 0 : requestAnimationFrame(frame);
    draw();
  });
  function descend() {
    if (arrived) path = [];
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) (advance(1000), draw());
    else going = requestAnimationFrame(frame);
  }

  // ---- drawing ----

  function verdict(found, direction) {
    const above = found[direction] - lowest[direction][0].value;
    const held = `q ± 2σ holds ${Math.round(100 * found.held)}% of p.`;
    const steps = `${path.length - 1} ${path.length === 2 ? "step" : "steps"}`;
    const gap = `${inUnit(above)} ${unit} above the best`;
    if (arrived && above < 1e-6) return `At the bottom after ${steps}. ${held}`;
    if (arrived) return `Stuck after ${steps} in a local minimum, ${gap}. ${held} Start nearer to one hump.`;
    const where = path.length > 1 ? `After ${steps} ${NAMES[direction]}` : `Here ${NAMES[direction]}`;
    return `${where} is ${gap}. ${held}`;
  }

  function drawDensities(q) {
    densities.draw({ xTicks: ticks(VIEW, 5), yTicks: ticks([0, top], 5) }, (pen) => {
      const curve = places(VIEW, 400).map((x) => [x, Math.exp(logTarget(x, p.parts).value)]);
      pen.area(curve, { series: "p" });
      pen.curve(curve, { series: "p" });
      pen.density((x) => normal(x, q), { series: "q", dash: "7 5" });
      const far = (part) => Math.abs(part.mean - q.mean) * (part.weight > 0.1); // clear of q's handle
      const part = p.parts.reduce((one, other) => (far(other) > far(one) ? other : one));
      const side = part.mean < q.mean ? -1 : 1;
      const shoulder = part.mean + side * part.sigma;
      pen.words(shoulder, Math.exp(logTarget(shoulder, p.parts).value), "p", { dx: 10 * side, dy: -2, series: "p" });
    });
    densities.describe(
      `The target p, a mixture of two Gaussians with means ${model.get("means").map((m) => show(m)).join(" and ")}, ` +
        `and q with mean ${show(q.mean)} and standard deviation ${show(q.sigma)}.`,
    );
  }

  function drawNumbers(found, direction) {
    for (const [name, { cells, node }] of Object.entries(rows)) {
      const [best, other] = lowest[name];
      const sign = other && Math.abs(best.mean + other.mean) < 1e-4 ? "±" : "";
      const mean = sign ? Math.abs(best.mean) : best.mean;
      const words = [inUnit(found[name]), inUnit(best.value), `N(${sign}${show(mean)}, ${show(best.sigma ** 2)})`];
      cells.forEach((cell, i) => (cell.textContent = words[i]));
      node.className = name === direction ? "chosen" : "";
    }
    heads[1].textContent = `now, ${unit}`;
    heads[2].textContent = `best, ${unit}`;
  }

  function drawNow() {
    if (!p) return;
    const q = now();
    const direction = model.get("direction");
    const last = path.at(-1);
    if (last && (last.mean !== q.mean || last.sigma !== q.sigma)) forget(); // q was moved from outside
    const mass = (x) => Math.exp(logTarget(x, p.parts).value);
    const found = {
      forward: LOSSES.forward(p, q).value,
      reverse: LOSSES.reverse(p, q).value,
      held: integrate(mass, q.mean - 2 * q.sigma, q.mean + 2 * q.sigma),
      entropy: p.entropy,
      lowest,
      steps: Math.max(path.length - 1, 0),
      arrived,
    };
    drawDensities(q);
    map.drawWay(path);
    drawNumbers(found, direction);
    Object.values(sliders).flat().forEach((each) => each.draw());
    line.textContent = verdict(found, direction);
    go.textContent = going ? "Stop" : "Descend";
    if (kit.hook.numbers) kit.say(`${NAMES[direction]} ${inUnit(found[direction])} ${unit}. ${arrived ? line.textContent : ""}`);
    kit.hook.numbers = found;
  }

  function drawGround() {
    const direction = model.get("direction");
    choices.forEach((each) => each.draw());
    mapHead.textContent = `The surface of ${NAMES[direction]}, in ${unit}`;
    map.drawGround(table, lowest[direction], unit);
    const { mean, sigma, value } = lowest[direction][0];
    map.describe(
      `A map of ${NAMES[direction]} over the mean and the standard deviation of q. It is lowest, ${inUnit(value)} ${unit}, ` +
        `at mean ${show(mean)} and standard deviation ${show(sigma)}.`,
    );
  }
  const drawAll = () => (drawGround(), drawNow());

  function survey() {
    forget();
    p = describeTarget(read(TARGET));
    lowest = optima(p);
    resurvey();
  }
  function resurvey() {
    forget();
    table = surface(model.get("direction"), p);
    drawAll();
  }

  const draw = oncePerFrame(kit.guard(drawNow));
  kit.on(TARGET.join(" "), oncePerFrame(kit.guard(survey)));
  kit.on("direction", oncePerFrame(kit.guard(resurvey)));
  kit.on("mean sigma", draw);
  kit.repaint(oncePerFrame(kit.guard(() => p && drawAll())));
  kit.reset = () => ((unit = "bits"), forget(), kit.put(start), drawAll());
  survey();
});
