// What the widgets about latent planes share: the data's codes, drawn by class, the prior's circles, and a path.

/** Marks of the classes: outlines within -5..5. */
export const MARKS = [
  "M5 0A5 5 0 1 1-5 0A5 5 0 1 1 5 0Z",
  "M-4.4-4.4H4.4V4.4H-4.4Z",
  "M0-5.6L5.4 4H-5.4Z",
  "M0-6L5 0L0 6L-5 0Z",
  "M0 5.6L5.4-4H-5.4Z",
  "M-2-5.4H2V-2H5.4V2H2V5.4H-2V2H-5.4V-2H-2Z",
  "M-5.6-2.8L-2.8-5.6L0-2.8L2.8-5.6L5.6-2.8L2.8 0L5.6 2.8L2.8 5.6L0 2.8L-2.8 5.6L-5.6 2.8L-2.8 0Z",
  "M0-6L1.6-2L5.8-1.8L2.5 .9L3.6 5L0 2.6L-3.6 5L-2.5 .9L-5.8-1.8L-1.6-2Z",
];

/** A class's colour, lighter in the dark and darker in the light. */
export function classColour(colours, label, { dark }) {
  const [other, share] = dark ? [255, 0.35] : [0, 0.12];
  return `rgb(${rgb(colours[label % colours.length]).map((x) => Math.round(x + (other - x) * share))})`;
}

/** The codes that a view holds, `dims` numbers of 16 bits each, in steps of `step`. */
export const readCodes = (view, dims, step) =>
  Array.from({ length: view.byteLength / 2 / dims }, (_, n) =>
    Array.from({ length: dims }, (_, i) => step * view.getInt16(2 * (n * dims + i), true)),
  );

/** The labels that a view holds, one byte each. */
export const readLabels = (view) => Array.from({ length: view.byteLength }, (_, n) => view.getUint8(n));

/** Draw marks at places [x, y] in pixels, each by its label; `scale` 1 is ten pixels across. */
export function drawMarks(context, places, labels, { colours, theme, scale }) {
  const outlines = MARKS.map((outline) => new Path2D(outline));
  places.forEach(([x, y], i) => {
    context.save();
    context.translate(x, y);
    context.scale(scale, scale);
    context.fillStyle = classColour(colours, labels[i], theme);
    context.fill(outlines[labels[i] % outlines.length]);
    context.restore();
  });
}

/** Write the label of each code, or its name in `names`, at places [x, y] in pixels, in a `font` like "600 9px". */
export function drawLetters(context, places, labels, { names = [], colours, theme, font }) {
  Object.assign(context, { textAlign: "center", textBaseline: "middle", font: `${font} ${theme.font}` });
  places.forEach((place, i) => {
    context.fillStyle = classColour(colours, labels[i], theme);
    context.fillText(names[labels[i]] ?? labels[i], ...place);
  });
}

/** Write words, legible over anything, at a place [x, y] in pixels: their middle but for `textAlign`, `textBaseline`. */
export function drawWords(context, words, place, { theme, colour, font = "12px", ...align }) {
  context.save();
  Object.assign(context, { globalAlpha: 1, fillStyle: colour, strokeStyle: theme.card });
  Object.assign(context, { lineWidth: 4, lineJoin: "round", font: `${font} ${theme.font}` });
  Object.assign(context, { textAlign: "center", textBaseline: "middle", ...align });
  context.strokeText(words, ...place);
  context.fillText(words, ...place);
  context.restore();
}

/**
 * Draw the prior's circles of one, two and three standard deviations; a plane's `view` is {size, middle: [x, y], sigma,
 * theme}, in pixels. `axes` is the opacity of two lines through the middle.
 */
export function drawPrior(context, { size, middle, sigma, theme }, { colour, alpha, width = 1, axes = 0 }) {
  const [x, y] = middle;
  context.save();
  Object.assign(context, { strokeStyle: theme.muted, globalAlpha: axes, lineWidth: 1 });
  context.strokeRect(-1, y, size + 2, size);
  context.strokeRect(x, -1, size, size + 2);
  Object.assign(context, { strokeStyle: colour, globalAlpha: alpha, lineWidth: width });
  context.setLineDash([3, 4]);
  for (const radius of [1, 2, 3]) {
    context.beginPath();
    context.arc(x, y, radius * sigma, 0, 7);
    context.stroke();
  }
  context.restore();
}

/** Name the prior's circles, those of `radii`, at their lower right. */
export function namePrior(context, { middle, sigma, theme }, { colour, radii = [1, 2, 3] }) {
  for (const radius of radii) {
    const place = middle.map((value) => value + radius * sigma * Math.SQRT1_2);
    drawWords(context, `${radius}σ`, place, { theme, colour });
  }
}

/** The point a share `t` of the straight way between two ends. */
export const onPath = ([start, end], t) => start.map((value, i) => value + t * (end[i] - value));

/** Draw the path between two ends, places [x, y] in pixels, and their letters A and B; null stands for no end. */
export function drawPath(context, ends, { colour, theme: { card, font } }) {
  context.save();
  Object.assign(context, { globalAlpha: 1, lineCap: "round" });
  Object.assign(context, { textAlign: "center", textBaseline: "middle", font: `700 12px ${font}` });
  for (const [lineWidth, strokeStyle] of ends.every(Boolean) ? [[6, card], [2.5, colour]] : []) {
    Object.assign(context, { lineWidth, strokeStyle });
    context.beginPath();
    ends.forEach((end) => context.lineTo(...end));
    context.stroke();
  }
  ends.forEach((end, i) => {
    if (!end) return;
    Object.assign(context, { fillStyle: colour, strokeStyle: card, lineWidth: 2 });
    context.beginPath();
    context.arc(...end, 10, 0, 7);
    context.stroke();
    context.fill();
    context.fillStyle = card;
    context.fillText("AB"[i], end[0], end[1] + 0.5);
  });
  context.restore();
}
