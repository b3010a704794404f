// What came in a span is only ever set as text: the policy of this page makes
// the browser refuse to take any string for markup.

// h makes an element with attributes, listeners ("onclick") and children.
function h(tag, props, ...children) {
	const e = document.createElement(tag);
	for (const [key, value] of Object.entries(props ?? {})) {
		if (value === undefined || value === null || value === false) continue;
		if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
		else if (key === "class") e.className = value;
		else e.setAttribute(key, value === true ? "" : String(value));
	}
	e.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
	return e;
}

const $ = (id) => document.getElementById(id);

// say tells a screen reader, and nobody else.
function say(text) {
	$("say").textContent = "";
	setTimeout(() => { $("say").textContent = text; }, 50);
}

// ask fetches JSON of the viewer; an error has the viewer's own words.
async function ask(path) {
	const answer = await fetch(path, { cache: "no-store" });
	if (!answer.ok) {
		const e = new Error((await answer.text()).trim() || answer.statusText);
		e.status = answer.status;
		throw e;
	}
	return answer.json();
}

function duration(us) {
	if (!us) return "–";
	if (us < 1000) return us + " µs";
	if (us < 10_000) return (us / 1000).toFixed(2) + " ms";
	if (us < 100_000) return (us / 1000).toFixed(1) + " ms";
	if (us < 1e6) return Math.floor(us / 1000) + " ms";
	if (us < 60e6) return (us / 1e6).toFixed(2) + " s";
	const s = Math.floor(us / 1e6);
	return s < 3600 ? Math.floor(s / 60) + " min " + (s % 60) + " s" : Math.floor(s / 3600) + " h " + (Math.floor(s / 60) % 60) + " min";
}

// offset is duration for points in time, of which the first is 0.
const offset = (us) => (us ? "+" + duration(us) : "0");

// micros reads "100ms", "1.5 s", "250us"; a bare number is milliseconds.
// It is undefined for what it cannot read, and for nothing.
function micros(text) {
	const m = /^\s*([0-9]*\.?[0-9]+)\s*(us|µs|ms|s|m|min)?\s*$/i.exec(text ?? "");
	if (!m) return undefined;
	const unit = { us: 1, "µs": 1, ms: 1e3, s: 1e6, m: 60e6, min: 60e6 }[(m[2] ?? "ms").toLowerCase()];
	const n = Math.round(Number(m[1]) * unit);
	return n > 0 ? n : undefined;
}

function clock(us) {
	if (!us) return "no time";
	const d = new Date(us / 1000), two = (n) => String(n).padStart(2, "0");
	if (Number.isNaN(d.getTime())) return "beyond any calendar";
	const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
	if (d.toDateString() === new Date().toDateString()) return time;
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${time}`;
}

const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

function bytes(n) {
	return n < 1024 ? n + " B" : n < 1 << 20 ? (n / 1024).toFixed(0) + " KiB" : (n / (1 << 20)).toFixed(1) + " MiB";
}

// shade gives each service a color of its own, until they run out.
const shades = new Map();
function shade(service) {
	if (!shades.has(service)) shades.set(service, shades.size % 8);
	return "c" + shades.get(service);
}

// visible shows what would steer, hide or turn text, in names that come from
// Zipkin's API as they were sent; the viewer's own answers are clean.
function visible(name) {
	const text = name.length > 200 ? name.slice(0, 199) + "…" : name;
	return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

const dot = (service) => h("span", { class: "dot " + shade(service), "aria-hidden": "true" });

// copy puts text on the clipboard, also where the browser trusts only a
// selection.
async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const area = h("textarea", { class: "unseen", "aria-hidden": "true", readonly: true });
		area.value = text;
		document.body.append(area);
		const before = document.activeElement;
		area.select();
		const done = document.execCommand("copy");
		area.remove();
		before?.focus();
		if (!done) throw new Error("the browser allows no copying");
	}
	say(what + " copied");
}

// copier is a button that says what became of it.
function copier(label, what, text) {
	const b = h("button", { type: "button" }, label);
	b.addEventListener("click", async () => {
		try {
			await copy(await text(), what);
			b.textContent = "Copied";
		} catch (e) {
			b.textContent = "Not copied";
			say(String(e.message ?? e));
		}
		setTimeout(() => { b.textContent = label; }, 1500);
	});
	return b;
}

// soon calls f once for many calls, at most once per pause.
function soon(f, pause) {
	let timer = 0, last = 0;
	return () => {
		if (timer) return;
		timer = setTimeout(() => { timer = 0; last = Date.now(); f(); }, Math.max(0, last + pause - Date.now()));
	};
}
