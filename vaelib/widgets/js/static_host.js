// Brings widgets to life on a page without a kernel. Works from disk: nothing is fetched, no module has a URL of its own.
// This script may stand in a page many times; the first one counts, the others only look for widgets it has not seen.
(() => {
  const text = (kind, hash) => {
    const script = document.querySelector(`script[data-vaelib-${kind}="${hash}"]`);
    if (!script) throw new Error(`the page holds no ${kind} ${hash}`);
    return script.textContent;
  };
  const remember = (make) => {
    const made = new Map();
    return (hash) => made.get(hash) ?? made.set(hash, make(hash)).get(hash);
  };
  // A widget's module is several files in one: from a blob's URL, no import would find another.
  const module = remember((hashes) => {
    const source = hashes.split(" ").map((hash) => text("module", hash)).join("\n");
    return import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  });
  const blob = remember(
    (hash) =>
      new DataView(Uint8Array.from(atob(text("blob", hash)), (letter) => letter.charCodeAt(0)).buffer),
  );

  // The part of a widget's model that a front end uses: attributes and their changes. There is no kernel to save to.
  function makeModel(state) {
    const calls = {};
    const names = (event) => event.split(" ");
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    return {
      get: (name) => state[name],
      set(name, value) {
        if (same(state[name], value)) return;
        state[name] = value;
        for (const call of [...(calls[`change:${name}`] ?? []), ...(calls.change ?? [])]) call();
      },
      on: (event, call) => names(event).forEach((name) => (calls[name] ??= new Set()).add(call)),
      off: (event, call) => names(event).forEach((name) => calls[name]?.delete(call)),
      save_changes() {},
      send() {},
    };
  }

  async function wake(box) {
    box.dataset.vaelibAlive = "starting";
    const el = document.createElement("div");
    el.className = "vaelib-live";
    try {
      const { blobs, ...state } = JSON.parse(box.querySelector("script[data-vaelib-state]").textContent);
      for (const [name, hash] of Object.entries(blobs)) state[name] = blob(hash);
      const { default: front } = await module(box.dataset.vaelibWidget);
      box.append(el);
      await front.render({ model: makeModel(state), el });
      box.dataset.vaelibAlive = el.dataset.vaelibReady ?? "failed"; // if it failed it has said why
    } catch (error) {
      console.error(error);
      box.dataset.vaelibAlive = "failed";
      el.setAttribute("role", "alert");
      el.textContent = `This widget could not start: ${error.message}`;
      box.append(el);
    }
  }

  window.vaelibWake ??= () =>
    document.querySelectorAll("[data-vaelib-widget]:not([data-vaelib-alive])").forEach(wake);

  if (!document.getElementById("vaelib-style")) {
    const style = document.createElement("style");
    style.id = "vaelib-style";
    // The last rule undoes the light box that the book's theme puts behind HTML in the dark.
    style.textContent = `@media screen{[data-vaelib-alive=true]>figure{display:none}}
      @media print{.vaelib-live{display:none}}
      .text_html:has(>[data-vaelib-alive=true]){background:none!important;padding:0!important}`;
    document.head.append(style);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", window.vaelibWake);
  else window.vaelibWake();
})();
