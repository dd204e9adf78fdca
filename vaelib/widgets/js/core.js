// What every widget shares: words, elements, dragging, and the frame around a widget.
// Python joins this file and the widget's own into one module, so the widget uses these names without importing them.

// ---- words ----

/** A number for the eye, with a true minus sign and without a negative zero. */
export const show = (x, digits = 2) => {
  const text = x.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
};

export const subscript = (i) => String(i).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

// ---- elements ----

/** An element; a property where the element has one by that name, an attribute otherwise. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** A 2-D context sized for the screen's true pixels, cleared, in CSS pixels. */
export function crisp(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return context;
}

// ---- time ----

/** Call `draw` at most once per frame, however often it is asked for. */
export function oncePerFrame(draw) {
  let asked = 0;
  return () => (asked ||= requestAnimationFrame(() => ((asked = 0), draw())));
}

/**
 * Do a list of jobs a few milliseconds per frame. A new list takes over from the old one at the same place, so that
 * lists that come faster than they can be done still do every job in its turn.
 */
export function trickle(guard) {
  let jobs = [];
  let at = 0;
  let left = 0;
  const work = oncePerFrame(
    guard(() => {
      for (const until = performance.now() + 4; left && performance.now() < until; left--)
        jobs[at++ % jobs.length]();
      if (left) work();
    }),
  );
  return (list) => ((jobs = list), (left = list.length), work());
}

/** Read text to a screen reader, at most once a second and never a stale one. */
function announcer(node) {
  let timer = 0;
  let next = "";
  return (text) => {
    next = text;
    timer ||= setTimeout(() => ((timer = 0), (node.textContent = next)), 1000);
  };
}

// ---- hands ----

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * Let a handle be moved over a plane. `move(x, y)` gets places as fractions of the plane from its lower left;
 * `step(dx, dy)` gets arrow keys, five times as large with Shift; `home()` the Home key.
 * A finger away from the handle scrolls the page, and a tap moves the handle there.
 */
export function dragging(plane, handle, { move, step, home }) {
  const at = (event) => {
    const box = plane.getBoundingClientRect();
    const clamp = (x) => Math.min(Math.max(x, 0), 1);
    move(clamp((event.clientX - box.left) / box.width), clamp((box.bottom - event.clientY) / box.height));
  };
  plane.addEventListener("pointerdown", (event) => {
    const onHandle = event.target === handle;
    if (event.button || (event.pointerType === "touch" && !onHandle)) return;
    event.preventDefault();
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    if (!onHandle) at(event);
  });
  plane.addEventListener("click", (event) => event.target !== handle && at(event));
  handle.addEventListener("pointermove", (event) => handle.hasPointerCapture(event.pointerId) && at(event));
  handle.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) step(...arrow.map((x) => x * (event.shiftKey ? 5 : 1)));
    else if (event.key === "Home") home();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

// ---- the frame ----

function darkTheme() {
  const { dataset: body } = document.body;
  const lab = { true: "light", false: "dark" }[body.jpThemeLight];
  const named = document.documentElement.dataset.theme || body.vscodeThemeKind || lab;
  return named ? /dark|high-contrast$/.test(named) : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call `changed` when the page turns light or dark; returns how to stop. */
function watchTheme(changed) {
  const observer = new MutationObserver(changed);
  const query = matchMedia("(prefers-color-scheme: dark)");
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, {
      attributeFilter: [
        "data-theme",
        "class",
        "data-jp-theme-light",
        "data-jp-theme-name",
        "data-vscode-theme-kind",
      ],
    });
  }
  query.addEventListener("change", changed);
  return () => (observer.disconnect(), query.removeEventListener("change", changed));
}

const FRAME = `
:host{display:block;container-type:inline-size;text-align:left}
*{box-sizing:border-box}
.frame{--text:var(--pst-color-text-base,var(--jp-ui-font-color1,#222832));--muted:var(--pst-color-text-muted,var(--jp-ui-font-color2,#5a6372));
--line:#d9dee5;--card:#fff;--well:#f5f7f9;--accent:var(--pst-color-primary,#0a7d91);--ink:#17202e;--paper:#ffffff;
color:var(--text);background:var(--card);color-scheme:light;border:1px solid var(--line);border-radius:14px;padding:clamp(14px,3.2cqi,26px);margin:4px auto;max-width:1000px;
font-family:var(--pst-font-family-base,var(--jp-ui-font-family,system-ui,sans-serif));font-size:15px;line-height:1.5;font-variant-numeric:tabular-nums}
.frame[data-dark=true]{--line:#39424f;--card:#181d24;--well:#1f262f;--accent:var(--pst-color-primary,#3fb1c5);--ink:#eef2f6;--paper:#10141a;color-scheme:dark;
--text:var(--pst-color-text-base,var(--jp-ui-font-color1,#ced6dd));--muted:var(--pst-color-text-muted,var(--jp-ui-font-color2,#9ca4af))}
header{display:grid;grid-template-columns:1fr auto;gap:4px 16px;align-items:center;margin-bottom:16px}
.title{font-size:13px;font-weight:600;color:var(--accent);margin:0}
.task{font-size:18px;font-weight:600;line-height:1.3;margin:0;text-wrap:balance;grid-column:1/-1}
.reset{font-size:14px}
.caption{color:var(--muted);font-size:13px;margin:18px 0 0}
button,select,input{font:inherit;color:inherit;margin:0}
button{cursor:pointer;background:none;border:1px solid var(--line);border-radius:9px;min-height:36px;padding:0 14px;touch-action:manipulation}
button:hover{border-color:var(--accent)}
select{background:var(--card);border:1px solid var(--line);border-radius:9px;min-height:36px;padding:0 8px}
input[type=range]{width:100%;height:32px;accent-color:var(--accent);cursor:pointer;display:block}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.image{display:block;width:100%;image-rendering:pixelated;background:var(--well)}
.image.smooth{image-rendering:auto}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.error{border-left:4px solid #d72d47;background:var(--well);padding:10px 14px;margin:0 0 14px}
@media (pointer:coarse){button,select,input[type=range]{min-height:44px}}
`;

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/**
 * An anywidget made of a style sheet and a function `build(kit)`. `build` fills `kit.body`; the kit holds
 *   model, on(names, call), put(values): the traits;   guard(call): the same call, whose errors are shown to the reader;
 *   colours(): the theme's, once it is on the page;   leave(call): called at the end;   say(text): the announcer;
 *   repaint(call): called when it comes onto the page, changes its size, and when the theme changes;
 *   hook: what tests see as `element.vaelib`;   reset: to be set to what the button does.
 */
export function widget(css, build) {
  return {
    render({ model, el }) {
      const endings = [];
      const shadow = el.shadowRoot ?? el.attachShadow({ mode: "open" });
      const live = h("div", { className: "unseen", "aria-live": "polite" });
      const body = h("div");
      const reset = h("button", { type: "button", className: "reset" }, "Reset");
      const frame = h(
        "section",
        { className: "frame", "aria-label": model.get("title"), "data-lm-suppress-shortcuts": "true" },
        h(
          "header",
          {},
          h("p", { className: "title" }, model.get("title")),
          reset,
          h("p", { className: "task" }, model.get("task")),
        ),
        body,
        h("p", { className: "caption" }, model.get("caption")),
        live,
      );
      shadow.replaceChildren(h("style", {}, FRAME + css), frame);
      el.dataset.lmSuppressShortcuts = "true"; // JupyterLab must not take the arrow keys

      const guard =
        (call) =>
        (...values) => {
          try {
            return call(...values);
          } catch (error) {
            console.error(error);
            frame.querySelector(".error")?.remove();
            frame.prepend(
              h("p", { className: "error", role: "alert" }, `This widget stopped: ${error.message}`),
            );
          }
        };
      const kit = {
        model,
        body,
        guard,
        hook: {},
        say: announcer(live),
        leave: (call) => endings.push(call),
        on(names, call) {
          const event = names
            .split(" ")
            .map((name) => `change:${name}`)
            .join(" ");
          const guarded = guard(call);
          model.on(event, guarded);
          endings.push(() => model.off(event, guarded));
        },
        put(values) {
          for (const [name, value] of Object.entries(values)) model.set(name, value);
          model.save_changes();
        },
        colours() {
          const style = getComputedStyle(frame);
          const read = (name) => style.getPropertyValue(`--${name}`).trim();
          return {
            dark: frame.dataset.dark === "true",
            text: read("text"),
            muted: read("muted"),
            line: read("line"),
            card: read("card"),
            accent: read("accent"),
            paper: rgb(read("paper")),
            ink: rgb(read("ink")),
            font: style.fontFamily,
          };
        },
        repaint(call) {
          const sizes = new ResizeObserver(guard(call));
          sizes.observe(body);
          endings.push(() => sizes.disconnect(), watchTheme(guard(() => (theme(), call()))));
        },
      };
      const theme = () => (frame.dataset.dark = darkTheme());
      theme();
      guard(() => {
        build(kit);
        reset.onclick = guard(kit.reset);
        el.vaelib = kit.hook;
        el.dataset.vaelibReady = "true";
      })();
      return () => endings.forEach((call) => call());
    },
  };
}
