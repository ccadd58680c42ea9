// What the pages do better with a script: keys, completion, boxes that can be switched, and moments of videos.
// Everything also works as links and forms.

const box = document.querySelector('input[type="search"]');
const isTyping = () => document.activeElement?.matches("input, textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "/" && !isTyping()) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "Escape") {
    if (isTyping()) document.activeElement.blur();
    else document.querySelector('a[rel="up"]')?.click();
  } else if (!isTyping() && document.activeElement?.tagName !== "VIDEO") {
    if (!moveInGrid(event) && event.key === "ArrowLeft") document.querySelector('a[rel="prev"]')?.click();
    else if (event.key === "ArrowRight" && !document.querySelector(".rows")) document.querySelector('a[rel="next"]')?.click();
  }
});

// The arrow keys move from picture to picture: left and right in order, up and down by position.
function moveInGrid(event) {
  const tiles = [...document.querySelectorAll(".tile")];
  if (!tiles.length || !event.key.startsWith("Arrow")) return false;
  const at = tiles.indexOf(document.activeElement);
  let next = at + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 0, ArrowDown: 0 }[event.key];
  if (at < 0) next = 0;
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") next = nearestInColumn(tiles, at, event.key === "ArrowDown");
  if (tiles[next]) {
    event.preventDefault();
    tiles[next].focus();
  } else if (event.key === "ArrowRight") {
    document.querySelector('.pager a[rel="next"]')?.click();
  }
  return true;
}

function nearestInColumn(tiles, at, isDown) {
  const from = tiles[at].getBoundingClientRect();
  const middle = (from.left + from.right) / 2;
  let best = -1;
  let bestDistance = Infinity;
  tiles.forEach((tile, number) => {
    const rect = tile.getBoundingClientRect();
    const dy = isDown ? rect.top - from.bottom : from.top - rect.bottom;
    if (dy < -2) return;
    const distance = dy * 4 + Math.abs((rect.left + rect.right) / 2 - middle);
    if (distance < bestDistance) [best, bestDistance] = [number, distance];
  });
  return best;
}

// Completion of names and labels, as an ARIA combobox.
if (box) {
  const list = document.createElement("ul");
  Object.assign(list, { className: "completion", id: "completion", role: "listbox", hidden: true });
  list.setAttribute("aria-label", "Completions");
  box.after(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": "completion", "aria-expanded": "false" })) {
    box.setAttribute(name, value);
  }
  let timer;
  let chosen = -1;
  let asked = 0;

  const show = (items) => {
    chosen = -1;
    box.removeAttribute("aria-activedescendant");
    list.replaceChildren(...items.map((item, number) => {
      const entry = document.createElement("li");
      Object.assign(entry, { role: "option", id: `completion-${number}` });
      entry.dataset.query = item.query;
      const count = document.createElement("span");
      count.className = "count";
      count.textContent = item.count;
      entry.append(item.text, count);
      entry.addEventListener("mousedown", (event) => { event.preventDefault(); take(entry); });
      return entry;
    }));
    list.hidden = !items.length;
    box.setAttribute("aria-expanded", String(!list.hidden));
  };
  const take = (entry) => {
    box.value = entry.dataset.query;
    show([]);
    box.focus();
  };
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const number = ++asked;
      try {
        const answer = await fetch(`/complete?${new URLSearchParams({ q: box.value })}`);
        if (number === asked && answer.ok) show(await answer.json());
      } catch { show([]); }
    }, 120);
  });
  box.addEventListener("keydown", (event) => {
    const entries = [...list.children];
    if (list.hidden || !entries.length) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + entries.length) % entries.length;
      entries.forEach((entry, number) => entry.setAttribute("aria-selected", String(number === chosen)));
      box.setAttribute("aria-activedescendant", entries[chosen].id);
      entries[chosen].scrollIntoView({ block: "nearest" });
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
      event.preventDefault();
      take(entries[chosen]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      show([]);
    }
  });
  box.addEventListener("blur", () => show([]));
}

// The path of the file goes to the clipboard.
const copy = document.querySelector(".copy");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(".path").textContent);
    copy.textContent = copy.dataset.done;
  });
}

// A photo that cannot be decoded gives a sentence in place of the browser's symbol.
const photo = document.querySelector(".picture > img:first-child");
if (photo) {
  const fail = () => {
    photo.closest(".picture").hidden = true;
    document.querySelector(".picture-failed").hidden = false;
  };
  if (photo.complete && !photo.naturalWidth) fail();
  else photo.addEventListener("error", fail);
}

// Boxes: captions are readable at any size of the picture; components and labels can be switched off.
const overlay = document.querySelector(".overlay");
const switches = document.querySelector(".switches");

function placeCaptions() {
  const view = overlay.viewBox.baseVal;
  const scale = view.width / (overlay.getBoundingClientRect().width || view.width);
  const font = Math.min(Math.max(12, 0.02 * Math.max(view.width, view.height) / scale), 18) * scale;
  for (const text of overlay.querySelectorAll("text")) {
    text.setAttribute("font-size", font);
    const box = text.parentNode.querySelector("rect");
    const [x, y] = [Number(box.getAttribute("x")), Number(box.getAttribute("y"))];
    text.setAttribute("y", y);
    text.setAttribute("dy", y < 1.5 * font ? "1.1em" : "-.35em");
    const width = text.getComputedTextLength();
    text.setAttribute("x", Math.max(font / 4, Math.min(x + font / 4, view.width - width - font / 4)));
  }
  spreadCaptions(view, font);
}

// A caption that would lie over another one moves to another edge of its box.
function spreadCaptions(view, font) {
  const placed = [];
  for (const text of overlay.querySelectorAll("text")) {
    const width = text.getComputedTextLength();
    if (!width) continue; // it is hidden
    const box = text.parentNode.querySelector("rect");
    const [top, height] = [Number(box.getAttribute("y")), Number(box.getAttribute("height"))];
    const left = Number(text.getAttribute("x"));
    const isInside = text.getAttribute("dy") === "1.1em";
    const inside = [top + 1.1 * font, top + height - 0.35 * font];
    const below = top + height + 1.1 * font;
    const others = height < 5 * font ? [below, ...inside] : [...inside, below]; // a small face stays visible
    const baselines = [top + (isInside ? 1.1 : -0.35) * font, ...others];
    const fits = (baseline) => baseline > 0.9 * font && baseline < view.height
      && placed.every((one) => left > one.right || left + width < one.left || Math.abs(baseline - one.baseline) > 1.1 * font);
    const baseline = baselines.find(fits) ?? baselines[0];
    text.setAttribute("y", baseline);
    text.removeAttribute("dy");
    placed.push({ left, right: left + width, baseline });
  }
}

function showSwitched() {
  const off = { component: new Set(), label: new Set() };
  for (const input of document.querySelectorAll(".switches input:not(:checked)")) {
    off[input.closest("fieldset").dataset.kind].add(input.value);
  }
  const isOff = (element) => off.component.has(element.dataset.component) || off.label.has(element.dataset.label);
  for (const element of document.querySelectorAll(".detection, .boxes li")) element.classList.toggle("hidden", isOff(element));
  for (const group of document.querySelectorAll(".detection")) {
    // A face that has a name shows the name alone, unless names are switched off.
    group.querySelector("text").classList.toggle("covered", group.dataset.under !== "" && !off.component.has(group.dataset.under));
  }
  placeCaptions();
}

if (overlay) {
  new ResizeObserver(placeCaptions).observe(overlay);
  if (switches) {
    switches.hidden = false;
    switches.addEventListener("change", showSwitched);
  }
}
for (const entry of document.querySelectorAll(".boxes li")) {
  const mark = (isMarked) => document.querySelector(`.detection[data-number="${entry.dataset.number}"]`)?.classList.toggle("marked", isMarked);
  for (const type of ["mouseenter", "focusin"]) entry.addEventListener(type, () => mark(true));
  for (const type of ["mouseleave", "focusout"]) entry.addEventListener(type, () => mark(false));
}

// A video: moments set its time; the boxes of the nearest mined frame lie over the paused picture.
const video = document.querySelector("video");
if (video) {
  const figure = video.closest(".picture");
  const still = figure.querySelector(".still");
  const lanes = [...document.querySelectorAll(".timeline .lane:not(.axis) svg")];
  let canPlay = true;
  let asked = 0;

  const element = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const playheads = lanes.map((lane) => {
    const line = element("line", { class: "playhead", y1: 0, y2: 1 });
    lane.append(line);
    return line;
  });
  const showTime = (time) => {
    for (const line of playheads) for (const end of ["x1", "x2"]) line.setAttribute(end, time);
  };
  const draw = async (time) => {
    showTime(time);
    const number = ++asked;
    const answer = await fetch(`/boxes/${figure.dataset.key}?${new URLSearchParams({ t: time })}`);
    if (!answer.ok || number !== asked || (canPlay && !video.paused)) return;
    const { boxes } = await answer.json();
    const components = [...new Set(boxes.map((one) => one.component))].sort();
    const named = new Map(boxes.filter((one) => one.is_name).map((one) => [String(one.rect), one.component]));
    overlay.replaceChildren(...boxes.map((one) => {
      const group = element("g", { class: `detection colour-${components.indexOf(one.component) % 8}` });
      const under = one.is_name ? "" : named.get(String(one.rect)) ?? "";
      Object.assign(group.dataset, { component: one.component, label: one.text, under });
      const [x1, y1, x2, y2] = one.rect;
      for (const name of ["halo", "line"]) group.append(element("rect", { class: name, x: x1, y: y1, width: x2 - x1, height: y2 - y1 }));
      const text = element("text", { x: x1, y: y1 });
      const label = one.text.length > 40 ? `${one.text.slice(0, 40)}...` : one.text;
      text.textContent = one.confidence == null ? label : `${label} ${one.confidence.toFixed(2)}`;
      group.append(text);
      return group;
    }));
    showSwitched();
  };
  const goTo = (time) => {
    if (canPlay) {
      video.pause();
      video.currentTime = time;
    } else {
      still.src = `/frame/${figure.dataset.key}/${Math.round(time * 1000)}`;
    }
    draw(time);
    const address = new URL(location.href);
    address.searchParams.set("t", time);
    history.replaceState(null, "", address);
  };
  const cannotPlay = () => {
    canPlay = false;
    video.hidden = true;
    still.hidden = false;
    document.querySelector(".play-failed").hidden = false;
    draw(Number(figure.dataset.time));
  };

  video.addEventListener("play", () => { asked++; overlay.replaceChildren(); });
  video.addEventListener("timeupdate", () => showTime(video.currentTime));
  for (const type of ["pause", "seeked"]) video.addEventListener(type, () => { if (video.paused) draw(video.currentTime); });
  const sources = video.querySelectorAll("source");
  if (sources.length) sources[sources.length - 1].addEventListener("error", cannotPlay);
  else cannotPlay();
  video.addEventListener("error", cannotPlay);
  video.addEventListener("loadedmetadata", () => { if (video.paused) { video.currentTime = Number(figure.dataset.time); draw(Number(figure.dataset.time)); } });

  // The time under the pointer stands on the axis.
  const clock = (seconds) => {
    const tenths = Math.round(seconds * 10);
    const whole = Math.floor(tenths / 10);
    const two = (number) => String(number).padStart(2, "0");
    const minutes = Math.floor(whole / 60);
    const text = minutes >= 60 ? `${Math.floor(minutes / 60)}:${two(minutes % 60)}` : `${minutes}`;
    return `${text}:${two(whole % 60)}${tenths % 10 ? `.${tenths % 10}` : ""}`;
  };
  const hovered = element("text", { class: "hover", y: "1.3em" });
  const pointer = element("line", { class: "pointer", y1: 0, y2: 1 });
  const timeAt = (lane, event) => {
    const rect = lane.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - rect.left) / rect.width, 0), 1) * lane.viewBox.baseVal.width;
  };
  for (const lane of lanes) {
    lane.addEventListener("mousemove", (event) => {
      const time = timeAt(lane, event);
      hovered.setAttribute("x", `${100 * time / lane.viewBox.baseVal.width}%`);
      hovered.textContent = clock(time);
      for (const end of ["x1", "x2"]) pointer.setAttribute(end, time);
      document.querySelector(".axis svg").append(hovered);
      lane.append(pointer);
    });
    lane.addEventListener("mouseleave", () => { hovered.remove(); pointer.remove(); });
    lane.addEventListener("click", (event) => {
      event.preventDefault();
      const moment = event.target.closest("a");
      if (moment) {
        goTo(Number(moment.dataset.time));
      } else {
        goTo(Math.round(1000 * timeAt(lane, event)) / 1000);
      }
    });
  }
}

// Faces: choose all; the progress of a job.
for (const button of document.querySelectorAll(".choose-all")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...button.closest("form").querySelectorAll('input[name="face"]')];
    const isChosen = boxes.every((one) => one.checked);
    for (const one of boxes) one.checked = !isChosen;
  });
}

// A group is named without leaving the page: the next one is ready to be typed.
for (const form of document.querySelectorAll(".name-form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const card = form.closest("li");
    const data = new URLSearchParams(new FormData(form, event.submitter));
    let answer;
    try {
      const response = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
      answer = await response.json();
      if (!response.ok) throw new Error(answer.sentence);
    } catch (error) {
      form.querySelector('input[name="name"]').setCustomValidity(error.message);
      form.reportValidity();
      form.addEventListener("input", () => form.querySelector('input[name="name"]').setCustomValidity(""), { once: true });
      return;
    }
    const undo = document.createElement("form");
    Object.assign(undo, { method: "post", action: form.action, className: "done" });
    for (const [name, value] of [["form", data.get("form")], ["back", data.get("back")], ["correction", answer.correction]]) {
      undo.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    const said = Object.assign(document.createElement("span"), { textContent: `${answer.text}.` });
    said.setAttribute("role", "status");
    const button = Object.assign(document.createElement("button"), { name: "do", value: "undo", className: "quiet", textContent: form.closest(".groups").dataset.undo });
    undo.append(said, button);
    const next = card.nextElementSibling?.querySelector('input[name="name"]');
    card.replaceChildren(card.querySelector(".samples"), undo);
    document.querySelector(".teach-text").textContent = answer.teach;
    const teach = document.querySelector(".teach-button");
    teach.textContent = teach.dataset.teach;
    teach.disabled = document.querySelector('.job[data-running="true"]') !== null;
    const name = data.get("name");
    const names = document.querySelector("#names");
    if (![...names.options].some((option) => option.value === name)) names.append(new Option("", name));
    next?.focus();
  });
}
const job = document.querySelector('.job[data-running="true"]');
if (job) {
  const [title, bar, count, line] = ["job-title", "progress", "job-count", "job-line"].map((name) => job.querySelector(name === "progress" ? name : `.${name}`));
  const look = async () => {
    try {
      const state = await (await fetch("/people/job")).json();
      if (!state?.running) {
        // What is typed stays: the page is loaded again only if nothing would be lost.
        if ([...document.querySelectorAll('input[name="name"]')].every((one) => !one.value)) location.reload();
        else title.textContent = "";
        return;
      }
      title.textContent = state.title;
      count.textContent = state.total ? `${state.done}/${state.total}` : "";
      line.textContent = state.line;
      if (state.total) Object.assign(bar, { max: state.total, value: state.done });
      else bar.removeAttribute("value");
    } catch { /* the server is being restarted */ }
    setTimeout(look, 1000);
  };
  setTimeout(look, 500);
}
