// Draws on the map and on the time-line of a search what the fields of its form say, and fills the fields by what is drawn.
// Without it the fields are typed into.
const form = document.querySelector("form.bounds");
const field = (name) => form.elements.namedItem(name);
const within = (value, least, most) => Math.min(Math.max(value, least), most);

// a box: longitudes may run on beyond 180, where it crosses the antimeridian

const pad = form.querySelector(".pad");
const drawn = form.querySelector(".drawn");
const names = ["west", "south", "east", "north"];
const turned = (longitude) => (longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude);
const [placeNow, yearNow] = form.querySelectorAll(".now");
const round = (degrees) => Math.round(degrees * 10) / 10;

function box() {
  const sides = names.map((name) => field(name).valueAsNumber);
  if (sides.some(Number.isNaN)) return null;
  const [west, south, east, north] = sides;
  return { west, south, east: east < west ? east + 360 : east, north };
}
function rectangle(west, east, { south, north }) {
  return `M${west + 180} ${90 - north}h${east - west}v${north - south}h${west - east}z`;
}
function draw() {
  const found = box();
  if (!found) return drawn.setAttribute("d", "");
  const { west, east } = found;
  const path = rectangle(west, Math.min(east, 180), found);
  drawn.setAttribute("d", west > 180 ? rectangle(west - 360, east - 360, found) : east > 180 ? path + rectangle(-180, east - 360, found) : path);
}
function fill(found) {
  const { west, south, east, north } = found;
  const all = east - west >= 360;
  const sides = all ? [-180, south, 180, north] : [turned(west), south, turned(east), north];
  names.forEach((name, at) => (field(name).value = round(sides[at])));
  placeNow.textContent = `${field("south").value}° to ${field("north").value}°, ${field("west").value}° to ${field("east").value}°`;
  draw();
}
function place(event) {
  const area = pad.getBoundingClientRect();
  return {
    longitude: ((event.clientX - area.left) / area.width) * 360 - 180,
    latitude: within(90 - ((event.clientY - area.top) / area.height) * 180, -90, 90),
  };
}
let corner = null;
pad.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  corner = place(event);
  pad.setPointerCapture(event.pointerId);
});
pad.addEventListener("pointermove", (event) => {
  if (!corner) return;
  const other = place(event);
  let [west, east] = [corner.longitude, other.longitude].sort((a, b) => a - b);
  if (east - west < 1) return;
  if (east - west >= 360) [west, east] = [-180, 180];
  if (west < -180) [west, east] = [west + 360, east + 360];
  const [south, north] = [corner.latitude, other.latitude].sort((a, b) => a - b);
  fill({ west, south, east, north });
});
for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => (corner = null));
pad.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] }[event.key];
  if (event.key === "Enter") return form.requestSubmit();
  if (event.key === "Delete" || event.key === "Backspace") {
    names.forEach((name) => (field(name).value = ""));
    placeNow.textContent = "no box";
    return draw();
  }
  if (!step) return;
  event.preventDefault();
  const found = box();
  if (!found) return fill({ west: -30, south: -15, east: 30, north: 15 });
  const [right, up] = step;
  let { west, south, east, north } = found;
  if (event.shiftKey) {
    east = within(east + right, west + 1, west + 360);
    north = within(north + up, south + 1, 90);
  } else {
    const lift = within(up, -90 - south, 90 - north);
    [west, east, south, north] = [west + right, east + right, south + lift, north + lift];
    if (west < -180) [west, east] = [west + 360, east + 360];
    if (west >= 180) [west, east] = [west - 360, east - 360];
  }
  fill({ west, south, east, north });
});
names.forEach((name) => field(name).addEventListener("input", draw));
pad.classList.add("ready");

// the years

const timeline = form.querySelector(".timeline");
if (timeline) {
  const first = Number(timeline.dataset.first);
  const counts = timeline.dataset.counts.split(" ");
  const last = first + counts.length - 1;
  const span = timeline.querySelector(".span");
  const handles = [...timeline.querySelectorAll(".handle")];
  const tall = timeline.viewBox.baseVal.height;
  const year = (text, otherwise) => within(Number.parseInt(text, 10) || otherwise, first, last);

  const chosen = () => [year(field("from").value, first), year(field("to").value, last)];
  const show = () => {
    const ends = chosen();
    const [from, to] = ends;
    span.setAttribute("x", from - first);
    span.setAttribute("width", Math.max(to - from + 1, 0));
    span.classList.toggle("narrowed", Boolean(field("from").value || field("to").value));
    handles.forEach((handle, at) => {
      handle.setAttribute("d", `M${ends[at] - first + at} 0V${tall}`);
      handle.setAttribute("aria-valuenow", ends[at]);
    });
  };
  const choose = (from, to) => {
    field("from").value = from <= first ? "" : from;
    field("to").value = to >= last ? "" : to;
    yearNow.textContent = `${from} to ${to}`;
    show();
  };
  const pointed = (event) => {
    const area = timeline.getBoundingClientRect();
    return within(first + Math.floor(((event.clientX - area.left) / area.width) * counts.length), first, last);
  };
  let still = null; // the year at the other end of what is dragged
  timeline.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const at = handles.indexOf(event.target);
    still = at < 0 ? pointed(event) : chosen()[1 - at];
    timeline.setPointerCapture(event.pointerId);
    if (at < 0) choose(still, still);
  });
  timeline.addEventListener("pointermove", (event) => {
    const other = pointed(event);
    if (still === null) {
      yearNow.textContent = `${other}: ${counts[other - first]}`;
      return;
    }
    choose(Math.min(still, other), Math.max(still, other));
  });
  for (const name of ["pointerup", "pointercancel"]) timeline.addEventListener(name, () => (still = null));
  handles.forEach((handle, at) => {
    handle.addEventListener("keydown", (event) => {
      const ends = chosen();
      const to = { Home: first, End: last, PageUp: ends[at] + 10, PageDown: ends[at] - 10 };
      const next = { ...to, ArrowLeft: ends[at] - 1, ArrowDown: ends[at] - 1, ArrowRight: ends[at] + 1, ArrowUp: ends[at] + 1 }[event.key];
      if (event.key === "Enter") return form.requestSubmit();
      if (next === undefined) return;
      event.preventDefault();
      ends[at] = at ? within(next, ends[0], last) : within(next, first, ends[1]);
      choose(...ends);
    });
    handle.classList.add("ready");
  });
  for (const name of ["from", "to"]) field(name).addEventListener("input", show);
}

// who looks at a hit sees where it lies

const areas = form.querySelectorAll(".map g");
document.querySelectorAll(".results > li").forEach((hit, at) => {
  for (const name of ["pointerenter", "focusin"]) hit.addEventListener(name, () => areas[at]?.classList.add("lit"));
  for (const name of ["pointerleave", "focusout"]) hit.addEventListener(name, () => areas[at]?.classList.remove("lit"));
});
