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

/** Standard normal numbers, `count` of them, an even number, by Box and Muller. */
export function normals(seed, count) {
  const uniform = uniforms(seed);
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    numbers[i] = radius * Math.cos(angle);
    numbers[i + 1] = radius * Math.sin(angle);
  }
  return numbers;
}

/** A button that draws again: it moves the trait `seed` on. */
export function redraw(kit, words) {
  const button = h("button", { type: "button" }, words);
  button.onclick = kit.guard(() => kit.put({ seed: (kit.model.get("seed") + 1) % 2 ** 31 }));
  return button;
}
