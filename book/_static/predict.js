// Predict, then reveal: gives each question of the page a form for the reader's guess.
// Without this script a question is a plain fold. Nothing is stored and nothing is sent.
"use strict";
(() => {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const copies = (element) => [...element.childNodes].map((node) => node.cloneNode(true));

  // A field for a number. `judge` returns what to say about the guess, as texts and nodes.
  function numberField({ answer, unit, tolerance }, shown) {
    const input = make("input", { type: "number", step: "any", autocomplete: "off" });
    const label = make("label", { className: "predict-guess" }, "Your guess", input, unit);
    const judge = () => {
      if (!input.value) return [];
      const off = input.valueAsNumber - answer;
      // A guess on the very edge counts, whatever the last binary digit says.
      if (Math.abs(off) <= tolerance * (1 + 1e-9) + 1e-12)
        return [make("strong", {}, "Right: "), `you said ${input.value}; it is `, ...shown(), "."];
      const distance = Number(Math.abs(off).toPrecision(2));
      return [`You said ${input.value}; it is `, ...shown(), `. Too ${off > 0 ? "high" : "low"} by ${distance}.`];
    };
    return [label, judge];
  }

  // The list of choices becomes a group of radio buttons.
  function choiceField(list, { right }, shown, name) {
    const texts = [...list.children].map((item) => {
      const text = make("span", {}, ...item.querySelector("p").childNodes);
      const radio = make("input", { type: "radio", name });
      item.replaceChildren(make("label", {}, radio, text));
      return text;
    });
    const judge = () => {
      list.children[right - 1].classList.add("predict-right");
      const said = texts.findIndex((text) => text.previousSibling.checked);
      if (said < 0) return [];
      if (said === right - 1) return [make("strong", {}, "Right.")];
      return ["You said: ", ...copies(texts[said]), ". It is: ", ...shown(), "."];
    };
    return [list, judge];
  }

  document.querySelectorAll(".predict").forEach((box, index) => {
    const question = box.querySelector(".predict-question");
    const fold = box.querySelector(".predict-fold");
    const choices = box.querySelector(".predict-choices");
    const shown = () => copies(box.querySelector(".predict-value"));
    const name = `predict-${index + 1}`;
    const [field, judge] = choices ? choiceField(choices, box.dataset, shown, name) : numberField(box.dataset, shown);
    question.id ||= name;
    const group = make("fieldset", {}, field, make("button", { type: "submit" }, "Reveal"));
    group.setAttribute("aria-labelledby", question.id);
    const form = make("form", { className: "predict-form" }, group);
    const verdict = make("p", { className: "predict-verdict" });
    verdict.setAttribute("aria-live", "polite");
    fold.before(form, verdict);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      fold.open = true;
      verdict.replaceChildren(...judge());
    });
  });

  // On paper every answer is open. The style sheet sees to it in newer browsers, this in older ones.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(".predict-fold:not([open])")];
    opened.forEach((fold) => (fold.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((fold) => (fold.open = false)));
})();
