// Entropy, cross-entropy, divergences and Huffman's code, as in vaelib.information; in nats.

const sum = (numbers) => numbers.reduce((total, x) => total + x, 0);

export const bits = (nats) => nats / Math.LN2;

export const surprise = (p) => (p === 1 ? 0 : -Math.log(p)); // never a negative zero

/** H(p, q): 0 log 0 counts 0, and q = 0 where p > 0 is infinite. */
export const crossEntropy = (p, q) => sum(p.map((x, i) => (x > 0 ? x * surprise(q[i]) : 0)));

export const entropy = (p) => crossEntropy(p, p);

/** KL(p || q), the average under p. */
export const divergence = (p, q) => sum(p.map((x, i) => (x > 0 ? x * Math.log(x / q[i]) : 0)));

export function jensenShannon(p, q) {
  const middle = p.map((x, i) => (x + q[i]) / 2);
  return (divergence(p, middle) + divergence(q, middle)) / 2;
}

export const kraftSum = (lengths) => sum(lengths.map((length) => 2 ** -length));

/**
 * Huffman's tree for p: leaves {p, symbol}, inner nodes {p, children: [zero, one]}. Of equal weights the older
 * one goes first, so that the same p always gives the same tree.
 */
export function huffmanTree(p) {
  const nodes = p.map((x, symbol) => ({ p: x, symbol, age: symbol }));
  for (let age = p.length; nodes.length > 1; age++) {
    nodes.sort((a, b) => a.p - b.p || a.age - b.age);
    const children = nodes.splice(0, 2);
    nodes.push({ p: children[0].p + children[1].p, children, age });
  }
  return nodes[0];
}

/** The codewords of a tree's leaves, in the order of the symbols. */
export function codewords(node, word = "", words = []) {
  if (node.children) node.children.forEach((child, bit) => codewords(child, word + bit, words));
  else words[node.symbol] = word;
  return words;
}
