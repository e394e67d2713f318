"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { names, features, errors, effects } = data;
  const $ = (id) => document.getElementById(id);
  const linked = features.linked;

  // --- building blocks: text is only ever set as text ---

  const element = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const shape = (tag, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const bdi = (text) => element("bdi", {}, text);
  const number = (x) => (x === 0 ? "0" : Number(x.toPrecision(3)).toString());
  const table = (headings, rows) =>
    element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Table, scrollable" },
      element("table", {},
        element("thead", {}, element("tr", {}, ...headings.map((h) => element("th", { scope: "col" }, h)))),
        element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell)))))));

  // --- threshold: graph, table and matrix show the same pairs ---

  const slider = $("threshold");
  const find = $("find"); // only where there are many columns
  const links = [...document.querySelectorAll("#graph .link")];
  const rows = [...document.querySelectorAll("#links tbody tr")];
  const cells = [...document.querySelectorAll("#matrix tbody tr")].map((row) => [...row.querySelectorAll("td")]);

  const applyThreshold = () => {
    const threshold = Number(slider.value);
    $("threshold-value").textContent = threshold.toFixed(2);
    slider.setAttribute("aria-valuetext", `probability ${threshold.toFixed(2)}`);
    const part = find ? find.value.trim().toLowerCase() : "";
    const named = ({ a, b }) => [a, b].some((k) => names[k].toLowerCase().includes(part));
    for (const item of [...links, ...rows]) {
      item.toggleAttribute("hidden", Number(item.dataset.linked) < threshold || !named(item.dataset));
    }
    cells.forEach((row, i) => row.forEach((cell, j) => {
      if (i !== j) cell.classList.toggle("dim", linked[i][j] < threshold);
    }));
    const shown = links.filter((link) => !link.hasAttribute("hidden")).length;
    const every = (names.length * (names.length - 1)) / 2;
    $("threshold-count").textContent = `${shown} of ${every} pairs`;
  };
  slider.addEventListener("input", applyThreshold);
  if (find) find.addEventListener("input", applyThreshold);
  applyThreshold();

  // --- graph: what a node is linked to ---

  const nodes = [...document.querySelectorAll("#graph .node")];
  const highlight = (chosen) => {
    for (const link of links) {
      const touches = chosen !== null && (link.dataset.a === chosen || link.dataset.b === chosen);
      link.classList.toggle("faded", chosen !== null && !touches);
    }
  };
  for (const node of nodes) {
    node.addEventListener("pointerenter", () => highlight(node.dataset.node));
    node.addEventListener("pointerleave", () => highlight(null));
  }

  // --- matrix, where there is one: one stop of the Tab key, arrow keys within ---

  const chooser = $("feature");
  const say = { edge: "is a direct cause of", path: "is a direct or indirect cause of", linked: "is directly linked to" };
  const describe = (i, j) => {
    if (i === j) return $("cell").replaceChildren(bdi(names[i]), " itself");
    const feature = chooser.value;
    const error = feature === "edge" && errors ? ` ± ${number(errors[i][j])}` : "";
    const parts = [bdi(names[i]), ` ${say[feature]} `, bdi(names[j]), `: ${features[feature][i][j].toFixed(3)}${error}`];
    if (feature !== "linked") parts.push(`; the other way round: ${features[feature][j][i].toFixed(3)}`);
    if (feature === "edge") parts.push(`; linked: ${linked[i][j].toFixed(3)}`);
    $("cell").replaceChildren(...parts, ".");
  };
  if (chooser) {
    let active = [0, Math.min(1, names.length - 1)];
    const activate = (i, j, focus) => {
      cells[active[0]][active[1]].tabIndex = -1;
      active = [i, j];
      cells[i][j].tabIndex = 0;
      if (focus) cells[i][j].focus();
      describe(i, j);
    };
    cells[active[0]][active[1]].tabIndex = 0;
    const place = (cell) => {
      const td = cell.closest("tbody td");
      return td === null ? null : [td.parentElement.rowIndex - 1, td.cellIndex - 1];
    };
    const matrix = $("matrix");
    matrix.addEventListener("pointerover", (event) => { const at = place(event.target); if (at) describe(...at); });
    matrix.addEventListener("focusin", (event) => { const at = place(event.target); if (at) activate(...at, false); });
    matrix.addEventListener("click", (event) => { const at = place(event.target); if (at) activate(...at, true); });
    matrix.addEventListener("keydown", (event) => {
      const at = place(event.target);
      if (at === null) return;
      const last = names.length - 1;
      const [i, j] = at;
      const to = {
        ArrowUp: [i - 1, j], ArrowDown: [i + 1, j], ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1],
        Home: [i, 0], End: [i, last],
      }[event.key];
      if (event.key === "Enter" && i !== j && $("source")) {
        $("source").value = i;
        $("target").value = j;
        showEffect();
        $("effects").scrollIntoView();
        $("source").focus();
        event.preventDefault();
      } else if (to) {
        event.preventDefault();
        activate(...to.map((k) => Math.min(Math.max(k, 0), last)), true);
      }
    });
    chooser.addEventListener("change", () => {
      const values = features[chooser.value];
      cells.forEach((row, i) => row.forEach((cell, j) => {
        if (i === j) return;
        cell.style.setProperty("--p", values[i][j]);
        cell.classList.toggle("high", values[i][j] >= 0.75);
        cell.textContent = values[i][j].toFixed(2);
      }));
      describe(...active);
    });
  }

  // --- effects ---

  const meter = (probability) => {
    const bar = element("div", { class: "meter", role: "img", "aria-label": `probability of no effect ${probability.toFixed(2)}` });
    const fill = element("span");
    fill.style.width = `${100 * probability}%`;
    bar.append(fill);
    return bar;
  };

  const histogram = (pair, x, y) => {
    const [width, height] = [600, 150];
    const low = Math.min(pair.low, 0);
    const high = Math.max(pair.high, 0);
    const at = (value) => ((Math.min(Math.max(value, low), high) - low) / (high - low || 1)) * width;
    const most = Math.max(...pair.bins);
    const svg = shape("svg", {
      class: "histogram", viewBox: "-20 -8 640 192", role: "img",
      "aria-label": `Histogram of the effect of ${x} on ${y} in the draws that have one, from ${number(pair.low)} to ${number(pair.high)}`,
    });
    const step = (pair.high - pair.low) / pair.bins.length;
    pair.bins.forEach((count, k) => {
      const [left, right] = [at(pair.low + k * step), at(pair.low + (k + 1) * step)];
      const tall = (count / most) * height;
      svg.append(shape("rect", { x: left, y: height - tall, width: Math.max(right - left - 0.5, 0.8), height: tall }));
    });
    svg.append(
      shape("path", { class: "axis", d: `M0,${height}H${width}` }),
      shape("path", { class: "zero", d: `M${at(0)},0V${height}` }),
      shape("path", { class: "interval", d: `M${at(pair.q[0])},${height + 7}H${Math.max(at(pair.q[2]), at(pair.q[0]) + 2)}` }),
    );
    const labels = [[low, ""], [high, "end"]];
    if (at(0) > 60 && at(0) < width - 60) labels.push([0, "middle"]);
    for (const [value, anchor] of labels) {
      svg.append(shape("text", { x: at(value), y: height + 27, class: anchor }, number(value)));
    }
    return element("figure", {}, svg, element("figcaption", {},
      "Effect in the draws that have one. Thick line: 90 % interval of all draws; dashed: zero."));
  };

  const classText = (c) => element("bdi", { class: "long" }, effects.classes[c].edges || "no edges");
  const unsplit = () =>
    element("p", { class: "fine" }, "Not split by equivalence class: each has less than 1 % of the draws.");

  const unit = effects.in_standard_deviations ? "standard deviation" : "unit";

  const drawnCurve = (curve, x, y) => {
    const [width, height, first, last] = [600, 180, curve.x[0], curve.x[curve.x.length - 1]];
    const [low, high] = [Math.min(...curve.low), Math.max(...curve.high)];
    const corners = (values) => values.map((value, k) =>
      `${(((curve.x[k] - first) / (last - first || 1)) * width).toFixed(1)},${(((high - value) / (high - low || 1)) * height).toFixed(1)}`);
    const svg = shape("svg", { class: "curve wide", viewBox: "-80 -10 700 230", role: "img",
      "aria-label": `Mean of ${y}, between ${number(low)} and ${number(high)}, when ${x} is set from ${number(first)} to ${number(last)}` });
    svg.append(
      shape("polygon", { points: [...corners(curve.high), ...corners(curve.low).reverse()].join(" ") }),
      shape("polyline", { points: corners(curve.mean).join(" ") }),
      shape("path", { class: "axis", d: `M0,0V${height}H${width}` }),
      ...[[-6, 10, "end", high], [-6, height + 2, "end", low], [0, height + 22, "", first], [width, height + 22, "end", last]]
        .map(([left, top, anchor, value]) => shape("text", { x: left, y: top, class: anchor }, number(value))));
    return element("figure", {}, svg, element("figcaption", {},
      "Mean of ", bdi(y), " when ", bdi(x), " is set, with the 90 % band of all draws, those without an effect included."));
  };

  const contrast = (pair, x, y) => {
    const interval = (low, high) => `${number(low)} to ${number(high)}`;
    const children = [table(["x", "y", "changes by", "90 % interval"], pair.changes.map(([change, outcome, level, mean, low, high]) => [
      bdi(change), element("span", {}, level ? "probability of " : "mean of ", bdi(outcome)), number(mean), interval(low, high),
    ]))];
    if (pair.curve !== undefined) children.push(drawnCurve(pair.curve, x, y));
    if (pair.changes.some((row) => row[2])) {
      children.push(element("p", { class: "fine" }, effects.by_curves ? "Nothing but the rows keeps these probabilities between 0 and 1."
        : "Changes of probabilities are a linear approximation: the same step from wherever one starts."));
    }
    for (const warning of pair.warnings) {
      children.push(element("p", { class: "notice" }, bdi(warning[0].toUpperCase() + warning.slice(1)), "."));
    }
    if (!pair.by_class.length) children.push(unsplit());
    else {
      children.push(
        element("h3", {}, "By equivalence class"),
        table(["probability", "no effect", "means, in the order above", "class"], pair.by_class.map(([c, zero, means]) => [
          effects.classes[c].probability.toFixed(3), zero.toFixed(2), means.map(number).join("; "), classText(c),
        ])));
    }
    return children;
  };

  const total = (pair, x, y) => {
    const children = [
      element("p", {}, "Setting ", bdi(x), ` one ${unit} higher changes the mean of `, bdi(y),
        ` by ${number(pair.mean)} on average (median ${number(pair.q[1])}, 90 % interval ${number(pair.q[0])} to ${number(pair.q[2])}).`),
      histogram(pair, x, y),
    ];
    if (!pair.by_class.length) children.push(unsplit());
    else {
      children.push(
        element("h3", {}, "By equivalence class"),
        table(["probability", "mean", "90 % interval", "no effect", "class"], pair.by_class.map(([c, mean, low, high, zero]) => [
          effects.classes[c].probability.toFixed(3), number(mean), `${number(low)} to ${number(high)}`, zero.toFixed(2), classText(c),
        ])));
    }
    return children;
  };

  const distribution = (pair, i, j) => {
    const bar = ([mean, low, high]) => {
      const [fill, range] = [element("i"), element("b")];
      fill.style.width = `${100 * mean}%`;
      range.style.left = `${100 * low}%`;
      range.style.width = `${Math.max(100 * (high - low), 1)}%`;
      return element("div", { class: "bar", "aria-hidden": "true" }, fill, range);
    };
    const told = [];
    effects.states[i].forEach((a, s) => effects.states[j].forEach((b, t) => {
      const [mean, low, high] = pair.table[s][t];
      told.push([t === 0 ? bdi(a) : element("span", { class: "sr" }, a), bdi(b), mean.toFixed(3), `${low.toFixed(3)} to ${high.toFixed(3)}`, bar(pair.table[s][t])]);
    }));
    const children = [table(["x set to", "y is", "probability", "90 % interval", ""], told)];
    if (!pair.by_class.length) children.push(unsplit());
    else {
      children.push(
        element("h3", {}, "By equivalence class"),
        table(["probability", "no effect", "means, by state of x", "class"], pair.by_class.map(([c, zero, means]) => [
          effects.classes[c].probability.toFixed(3), zero.toFixed(2),
          bdi(means.map((row, s) => `${effects.states[i][s]}: ${row.map((p) => p.toFixed(2)).join(" / ")}`).join("; ")),
          classText(c),
        ])));
    }
    return children;
  };

  const showEffect = () => {
    const [i, j] = [Number($("source").value), Number($("target").value)];
    const [x, y] = [names[i], names[j]];
    const place = $("effect");
    if (i === j) return place.replaceChildren(element("p", {}, "Choose two different variables."));
    const pair = effects.pairs[i][j];
    const children = [
      element("p", {}, `Probability of no effect: ${pair.zero.toFixed(2)} (`, bdi(y), " does not descend from ", bdi(x), ")."),
      meter(pair.zero),
    ];
    if (pair.mean !== undefined) children.push(...total(pair, x, y));
    else if (pair.table !== undefined) children.push(...distribution(pair, i, j));
    else if (pair.changes !== undefined) children.push(...contrast(pair, x, y));
    else if (pair.zero > 0.99) children.push(element("p", {}, "So nothing is to be said of its size."));
    else children.push(element("p", {}, "Its size is not in this report, to keep it small; the command dag-gfn effect prints it."));
    place.replaceChildren(...children);
  };

  if (effects.kind !== "none") {
    let best = null;
    effects.pairs.forEach((row, i) => row.forEach((pair, j) => {
      const told = pair !== null && (pair.mean ?? pair.table ?? pair.changes) !== undefined;
      if (told && (best === null || pair.zero < best.zero)) best = { i, j, zero: pair.zero };
    }));
    if (best !== null) {
      $("source").value = best.i;
      $("target").value = best.j;
    }
    for (const id of ["source", "target"]) $(id).addEventListener("change", showEffect);
    $("swap").addEventListener("click", () => {
      [$("source").value, $("target").value] = [$("target").value, $("source").value];
      showEffect();
    });
    showEffect();
  }

  // --- paper ---

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.printed:not([open])")];
    for (const details of opened) details.open = true;
  });
  window.addEventListener("afterprint", () => { for (const details of opened) details.open = false; });

  // --- figures are saved as files, with the style that they have on the page ---

  const styled = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity",
    "font-family", "font-size", "font-weight", "text-anchor", "display"];
  const standalone = (svg) => {
    const copy = svg.cloneNode(true);
    const originals = [svg, ...svg.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((node, k) => {
      const style = getComputedStyle(originals[k]);
      for (const key of styled) node.style.setProperty(key, style.getPropertyValue(key));
    });
    for (const hidden of copy.querySelectorAll("[hidden]")) hidden.remove();
    const { width, height } = svg.viewBox.baseVal;
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    copy.style.background = getComputedStyle(document.body).backgroundColor;
    return { address: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`, width, height };
  };
  const save = (address, name) => element("a", { href: address, download: name }).click();
  const asPng = ({ address, width, height }, name) => {
    const image = new Image();
    const scale = 3; // dots for each unit, for print
    image.onload = () => {
      const canvas = element("canvas", { width: width * scale, height: height * scale });
      canvas.getContext("2d").drawImage(image, 0, 0, width * scale, height * scale);
      save(canvas.toDataURL("image/png"), name);
    };
    image.src = address;
  };
  document.querySelectorAll("main svg[role]").forEach((svg, k) => {
    const name = svg.id || `figure-${k + 1}`;
    const button = (kind, action) => {
      const made = element("button", { type: "button", "aria-label": `Save this figure as ${kind}` }, kind);
      made.addEventListener("click", action);
      return made;
    };
    svg.after(element("div", { class: "save" }, "Save as ",
      button("SVG", () => save(standalone(svg).address, `${name}.svg`)), " ",
      button("PNG", () => asPng(standalone(svg), `${name}.png`))));
  });
})();
