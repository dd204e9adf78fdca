// Random numbers that a seed decides, the same in every browser.

const STRIDE = 0x6d2b79f5; // from one state to the next; the states form one ring of 2^32

/**
 * A source of uniform numbers in [0, 1), one for each call: Tommy Ettinger's mulberry32, in the public domain. `skip`
 * leaves out so many numbers, so that several sources of one seed need not share any.
 */
export function uniforms(seed, skip = 0) {
  let state = (seed + Math.imul(skip, STRIDE)) >>> 0;
  return () => {
    state = (state + STRIDE) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers, `count` of them, by Box and Muller. */
export function normals(seed, count) {
  const uniform = uniforms(seed);
  const pair = () => {
    const [radius, angle] = [Math.sqrt(-2 * Math.log(1 - uniform())), 2 * Math.PI * uniform()];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  };
  return Array.from({ length: Math.ceil(count / 2) }, pair).flat().slice(0, count);
}

/** A button that draws again: it moves the trait `seed` on. */
export function redraw(kit, words) {
  const button = h("button", { type: "button" }, words);
  button.onclick = kit.guard(() => kit.put({ seed: (kit.model.get("seed") + 1) % 2 ** 31 }));
  return button;
}
