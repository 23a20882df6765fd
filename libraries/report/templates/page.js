"use strict";
const STATES = { pending: "#8f98a3", "in progress": "#e69f00", done: "#2a9d70", failed: "#d1495b" };
const UPLOADS = { stored: "#1f6feb", "not stored": "#8957e5", "stored again": "#ff0000" };
// Lines in the picture, by kind, on light and on dark ground.
const MARKS = {
  start: ["#1b1f24", "#e4e7ea"], resume: ["#0a58ca", "#7cb2ff"], stop: ["#8a5300", "#f1b755"], kill: ["#b3261e", "#ff8a80"], end: ["#59636e", "#9aa4ae"],
  outage: ["#b3261e", "#ff8a80"], recovery: ["#136c36", "#5fce87"], fault: ["#6639ba", "#c4a2ff"],
};
const MOST_LINES = 8;
const LONGEST_MARK = 44;
const ROWS_AT_ONCE = 300;
const MOST_LABELLED = 60;
const by = (id) => document.getElementById(id);

// ---- colours
const theme = by("theme");
const stored = (() => { try { return localStorage; } catch { return null; } })();
theme.value = stored?.getItem("theme") ?? "";
const applyTheme = () => { document.documentElement.dataset.theme = theme.value; };
applyTheme();
theme.addEventListener("change", () => { applyTheme(); stored?.setItem("theme", theme.value); redraw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
const isDark = () => theme.value ? theme.value === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

// ---- matrix filters
const matrixRows = [...document.querySelectorAll("#matrix-table tr[data-verdict]")];
function filterMatrix() {
  const words = by("matrix-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdict = document.querySelector("input[name=verdict]:checked").value;
  let shown = 0;
  for (const row of matrixRows) {
    const text = row.textContent.toLowerCase();
    row.hidden = (verdict && row.dataset.verdict !== verdict) || !words.every((word) => text.includes(word));
    shown += !row.hidden;
  }
  for (const body of document.querySelectorAll("#matrix-table tbody")) {
    body.hidden = ![...body.querySelectorAll("tr[data-verdict]")].some((row) => !row.hidden);
  }
  by("matrix-count").textContent = shown === matrixRows.length ? `${shown} ids` : `${shown} of ${matrixRows.length} ids`;
}
by("matrix-filters").addEventListener("input", filterMatrix);
by("matrix-filters").addEventListener("submit", (event) => event.preventDefault());

// ---- a link to something in a closed scenario opens it
function openTarget() {
  const target = by(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", openTarget);

// ---- data and plot library lie compressed in the page
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(JSON.parse(by(id).textContent)), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
let library;
function plots() {
  library ??= unpacked("plots").then((code) => {
    const script = document.createElement("script");
    script.textContent = `(() => {${code}})();`;
    document.head.append(script);
  });
  return library;
}

// ---- timelines
const drawn = new Map();
async function draw(world) {
  const id = world.dataset.world;
  if (!by(`${id}-data`) || drawn.has(id)) return;
  drawn.set(id, null);
  const data = JSON.parse(await unpacked(`${id}-data`));
  books(world, data);
  const place = world.querySelector(".timeline");
  if (!data.lanes.length) { place.remove(); return; }
  await plots();
  drawn.set(id, { place, data });
  await embed(place, timeline(data, place.clientWidth));
}
async function redraw() {
  for (const each of drawn.values()) if (each) await embed(each.place, timeline(each.data, each.place.clientWidth));
  trend();
}
function embed(place, spec) {
  const text = getComputedStyle(document.body);
  const ink = isDark() ? "#e4e7ea" : "#1b1f24";
  const line = isDark() ? "#39414a" : "#d5dae0";
  const config = {
    background: null, view: { stroke: line }, font: text.fontFamily,
    axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line, gridOpacity: 0.5 },
    legend: { labelColor: ink, titleColor: ink, layout: { bottom: { anchor: "start", direction: place.clientWidth < 600 ? "vertical" : "horizontal" } } }, text: { color: ink }, rule: { color: ink },
  };
  const many = spec.usermeta?.lanes > 400;
  // Its name for screen readers is the whole picture's; the parts would only be read out as so many nameless shapes.
  const inner = place.firstElementChild ?? place.appendChild(document.createElement("div"));
  inner.setAttribute("aria-hidden", "true");
  return vegaEmbed(inner, { ...spec, config }, { actions: false, renderer: many ? "canvas" : "svg", tooltip: { theme: isDark() ? "dark" : "light" } });
}
// Where what is told of each mark stands above the picture: in the lowest line that has room for it, to the left of its
// moment near the end; where there are too many, the tooltip alone tells.
function placed(marks, end, width) {
  const lines = Array.from({ length: MOST_LINES }, () => []);
  return marks.map((mark) => {
    const told = mark.told.length > LONGEST_MARK ? `${mark.told.slice(0, LONGEST_MARK - 1)}…` : mark.told;
    const at = width * mark.at / end, long = 6 * told.length + 10;
    const left = at + long > width;
    const [from, to] = left ? [at - long, at] : [at, at + long];
    // What would stand out of the picture makes it narrower.
    const line = from < 0 ? -1 : lines.findIndex((taken) => taken.every(([begin, stop]) => to <= begin || from >= stop));
    if (line >= 0) lines[line].push([from, to]);
    return { ...mark, told, left, level: line < 0 ? null : -8 - 13 * line };
  });
}
function timeline(data, room) {
  const second = (ms) => ms / 1000;
  const names = new Map();
  const lanes = data.lanes.map(([path, states]) => {
    const count = (names.get(path) ?? 0) + 1;
    names.set(path, count);
    return { name: count > 1 ? `${path} (${count})` : path, path, states };
  });
  const order = lanes.map((lane) => lane.name);
  const segments = lanes.flatMap((lane) => lane.states.map(([from, state], at) => ({
    file: lane.name, state: state.replace("_", " "), from: second(from), to: second(lane.states[at + 1]?.[0] ?? data.end),
  })));
  const first = new Map(lanes.map((lane) => [lane.path, lane.name]).reverse());
  const uploads = data.uploads.filter(([, path]) => first.has(path))
    .map(([at, path, upload, fate]) => ({ at: second(at), file: first.get(path), upload, fate }));
  const end = second(data.end) || 1;
  const labelled = lanes.length <= MOST_LABELLED;
  const names_room = labelled ? Math.min(260, room / 3) : 40;
  const marks = placed(data.marks.map(([at, told, kind]) => ({ at: second(at), told, kind })), end, room - names_room - 20);
  const outages = [];
  let away = null;
  for (const mark of marks) {
    if (mark.kind === "outage") away ??= mark;
    if (mark.kind === "recovery" && away) { outages.push({ from: away.at, to: mark.at, told: away.told }); away = null; }
  }
  if (away) outages.push({ from: away.at, to: end, told: away.told });
  const kinds = Object.keys(MARKS).filter((kind) => marks.some((mark) => mark.kind === kind));
  const kind = { field: "kind", type: "nominal", title: "mark", scale: { domain: kinds, range: kinds.map((each) => isDark() ? MARKS[each][1] : MARKS[each][0]) } };
  const legend = { orient: "bottom", columns: room < 600 ? 3 : 4 };
  const height = labelled ? Math.max(lanes.length * 15, 60) : Math.min(Math.max(lanes.length * 4, 240), 900);
  const x = { field: "at", type: "quantitative" };
  const y = { field: "file", type: "ordinal", sort: null, scale: { domain: order, paddingInner: labelled ? 0.2 : 0, paddingOuter: 0 },
    axis: labelled ? { title: null, labelLimit: names_room, ticks: false } : { title: `${lanes.length} files`, labels: false, ticks: false } };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json", usermeta: { lanes: lanes.length },
    width: "container", height, padding: { top: 4, left: 4, right: 4, bottom: 4 }, autosize: { type: "fit-x", contains: "padding" },
    layer: [
      { data: { values: segments }, mark: { type: "bar" },
        encoding: { y, x: { field: "from", type: "quantitative", title: "seconds", scale: { domain: [0, end], nice: false } }, x2: { field: "to" },
          color: { field: "state", type: "nominal", title: "state", scale: { domain: Object.keys(STATES), range: Object.values(STATES) }, legend },
          tooltip: [{ field: "file" }, { field: "state" }, { field: "from", format: ".3f", title: "from (s)" }, { field: "to", format: ".3f", title: "to (s)" }] } },
      { data: { values: outages }, mark: { type: "rect", color: "#d1495b", opacity: 0.3 },
        encoding: { x: { field: "from", type: "quantitative" }, x2: { field: "to" }, tooltip: [{ field: "told", title: "outage" }] } },
      { data: { values: uploads }, mark: { type: "point", filled: true, opacity: 1, stroke: "white", strokeWidth: 0.4 },
        encoding: { x, y, shape: { field: "upload", type: "nominal", title: "upload", scale: { domain: Object.keys(UPLOADS), range: ["circle", "triangle-down", "cross"] } },
          color: { field: "upload", type: "nominal", title: "upload", scale: { domain: Object.keys(UPLOADS), range: Object.values(UPLOADS) }, legend },
          size: { field: "upload", type: "ordinal", sort: Object.keys(UPLOADS), legend: null, scale: { domain: Object.keys(UPLOADS), range: labelled ? [45, 55, 160] : [22, 30, 140] } },
          tooltip: [{ field: "file" }, { field: "upload" }, { field: "fate" }, { field: "at", format: ".3f", title: "at (s)" }] } },
      { data: { values: marks }, mark: { type: "rule", strokeDash: [4, 3], strokeWidth: 1.5 },
        encoding: { x, color: { ...kind, legend: { ...legend, symbolType: "stroke" } }, tooltip: [{ field: "told", title: "mark" }, { field: "at", format: ".3f", title: "at (s)" }] } },
      { data: { values: marks.filter((mark) => mark.level !== null) }, mark: { type: "text", align: { expr: "datum.left ? 'right' : 'left'" }, dx: { expr: "datum.left ? -3 : 3" }, fontSize: 11 },
        encoding: { x, y: { field: "level", type: "quantitative", scale: null, axis: null }, text: { field: "told" }, color: { ...kind, legend: null } } },
    ],
    resolve: { scale: { color: "independent", y: "shared" } },
  };
}

// ---- the books of a world
function books(world, data) {
  const place = world.querySelector(".books");
  const rows = data.rows;
  if (!rows.length) { place.remove(); return; }
  const unfinished = (row) => /pending|in_progress/.test(row[3]);
  const kinds = { all: () => true, "what differs": (row) => row[6], "what is unfinished": unfinished };
  const form = document.createElement("form");
  form.className = "filters";
  form.innerHTML = `<label>Show <select>${Object.keys(kinds).map((kind) => `<option>${kind}</option>`).join("")}</select></label>
    <label>Search <input type="search"></label><output aria-live="polite"></output>`;
  const [select, search] = [form.querySelector("select"), form.querySelector("input")];
  select.value = rows.some((row) => row[6]) ? "what differs" : "all";
  const scroll = document.createElement("div");
  Object.assign(scroll, { className: "scroll", tabIndex: 0 });
  scroll.setAttribute("role", "region");
  const names = world.getAttribute("aria-labelledby").split(" ").map((id) => by(id).textContent);
  scroll.setAttribute("aria-label", `Books: ${names.join(", ")}`);
  scroll.innerHTML = `<table><thead><tr>${["File", "Must be", "Lies in", "State", "Objects", "Uploads", "Differs"]
    .map((title) => `<th scope="col">${title}</th>`).join("")}</tr></thead><tbody></tbody></table>`;
  const more = document.createElement("button");
  Object.assign(more, { type: "button", hidden: true });
  let most = ROWS_AT_ONCE;
  const show = () => {
    const text = search.value.toLowerCase();
    const chosen = rows.filter((row) => kinds[select.value](row) && row.join(" ").toLowerCase().includes(text));
    scroll.querySelector("tbody").replaceChildren(...chosen.slice(0, most).map((row) => {
      const line = document.createElement("tr");
      for (const [column, value] of row.entries()) {
        const cell = document.createElement(column ? "td" : "th");
        if (!column) cell.scope = "row";
        cell.textContent = value;
        if (column === 6 && value) cell.className = "wrong";
        line.append(cell);
      }
      return line;
    }));
    form.querySelector("output").textContent = `${chosen.length} of ${rows.length}`;
    more.hidden = chosen.length <= most;
    more.textContent = `Show all ${chosen.length}`;
  };
  more.addEventListener("click", () => { most = Infinity; show(); });
  form.addEventListener("input", () => { most = ROWS_AT_ONCE; show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  place.append(form, scroll, more);
  place.addEventListener("toggle", show);
  // It may have been opened before it was filled.
  if (place.open) show();
}

// ---- trend
async function trend() {
  const place = document.querySelector(".trend");
  if (!place) return;
  await plots();
  const values = [...document.querySelectorAll("#trend-table tr[data-seconds]")].map((row, number) => ({
    run: number + 1, seconds: Number(row.dataset.seconds), verdict: row.dataset.code === "0" ? "passed" : "did not pass", begun: row.dataset.time,
  }));
  await embed(place, {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height: 160, data: { values },
    encoding: { x: { field: "run", type: "ordinal", axis: { labelAngle: 0 } }, y: { field: "seconds", type: "quantitative" } },
    layer: [{ mark: { type: "line", color: "#8f98a3" } }, { mark: { type: "point", filled: true, size: 60 }, encoding: {
      color: { field: "verdict", type: "nominal", scale: { domain: ["passed", "did not pass"], range: ["#2a9d70", "#d1495b"] } }, tooltip: [{ field: "begun" }, { field: "seconds" }, { field: "verdict" }] } }],
  });
}

for (const scenario of document.querySelectorAll(".scenario")) {
  scenario.addEventListener("toggle", () => { if (scenario.open) scenario.querySelectorAll(".world").forEach(draw); });
}
openTarget();
trend();
