// Codes of the data, drawn in a latent plane by class: what the widgets about latent planes share.

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
