// The waterfall: a tree of rows of which only those in sight exist, so that
// ten thousand are as quick as ten.

const overscan = 12;

class Waterfall {
	constructor(onPick, onLeave) {
		this.onPick = onPick;
		this.onLeave = onLeave;
		this.folded = new Set(); // span places
		this.picked = undefined; // span place
		this.needle = "";
		this.rowsBox = h("div", { class: "rows", role: "rowgroup" });
		this.ticks = h("div", { class: "ticks", role: "columnheader", "aria-label": "Timeline" });
		this.root = h("div", { class: "grid card", role: "treegrid", tabindex: "0", "aria-label": "Spans", "aria-colcount": "3" },
			h("div", { class: "top", role: "rowgroup" }, h("div", { class: "r", role: "row", "aria-rowindex": "1" },
				h("div", { role: "columnheader" }, "Service and span"), this.ticks, h("div", { role: "columnheader", class: "took" }, "Duration"))),
			this.rowsBox);
		this.paint = this.paint.bind(this);
		let waits = false;
		const frame = () => { if (!waits) { waits = true; requestAnimationFrame(() => { waits = false; this.paint(); }); } };
		this.root.addEventListener("scroll", frame, { passive: true });
		this.resized = new ResizeObserver(frame);
		this.resized.observe(this.root);
		this.root.addEventListener("keydown", (e) => this.key(e));
		this.rowsBox.addEventListener("click", (e) => {
			const row = e.target.closest(".r");
			if (!row) return;
			const i = Number(row.dataset.i);
			if (e.target.closest(".twist") && this.shown[i].kids) this.fold(i);
			else this.pick(i);
		});
	}

	// set takes rows parents first, each with its depth.
	set(trace) {
		this.all = trace.rows;
		this.total = Math.max(1, trace.duration);
		this.place = new Map(this.all.map((r, i) => [r.n, i]));
		const above = []; // the last row of each depth
		this.all.forEach((r, i) => {
			r.kids = 0;
			r.up = r.depth ? above[(r.depth ?? 0) - 1] : undefined;
			if (r.up !== undefined) this.all[r.up].kids++;
			above[r.depth ?? 0] = i;
		});
		this.ticks.replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map((f) => {
			const t = h("span", {}, f ? duration(Math.round(trace.duration * f)) : "0");
			t.style.left = 100 * f + "%";
			return t;
		}));
		this.lay();
	}

	// lay leaves out what is folded, and draws.
	lay() {
		this.shown = [];
		let hidden = Infinity; // depth below which rows are folded away
		for (const r of this.all) {
			const depth = r.depth ?? 0;
			if (depth > hidden) continue;
			hidden = this.folded.has(r.n) && r.kids ? depth : Infinity;
			this.shown.push(r);
		}
		this.index = new Map(this.shown.map((r, i) => [r.n, i]));
		this.root.setAttribute("aria-rowcount", String(this.shown.length + 1));
		this.stale = true;
		this.paint();
	}

	paint() {
		const height = Number.parseInt(getComputedStyle(this.root).getPropertyValue("--row"), 10) || 28;
		if (height !== this.height) { this.height = height; this.stale = true; }
		this.rowsBox.style.height = this.shown.length * height + "px";
		const from = Math.max(0, Math.floor(this.root.scrollTop / height) - overscan);
		const to = Math.min(this.shown.length, Math.ceil((this.root.scrollTop + this.root.clientHeight) / height) + overscan);
		if (!this.stale && from === this.from && to === this.to) return;
		[this.from, this.to, this.stale] = [from, to, false];
		const out = [];
		for (let i = from; i < to; i++) out.push(this.row(this.shown[i], i));
		this.rowsBox.replaceChildren(...out);
		const at = this.index.get(this.picked);
		if (at !== undefined && at >= from && at < to) this.root.setAttribute("aria-activedescendant", "row-" + this.picked);
		else this.root.removeAttribute("aria-activedescendant");
	}

	row(r, i) {
		const bar = h("i");
		bar.style.left = Math.min(99.8, 100 * r.at / this.total) + "%";
		bar.style.width = Math.min(100 - Math.min(99.8, 100 * r.at / this.total), 100 * r.took / this.total) + "%";
		const name = h("div", { class: "name", role: "gridcell" },
			h("span", { class: "twist", "aria-hidden": "true" }, r.kids ? (this.folded.has(r.n) ? "▸" : "▾") : ""),
			dot(r.service),
			r.failed && h("span", { class: "cross", title: "failed" }, "✗", h("span", { class: "unseen" }, " failed ")),
			h("span", { class: "label", dir: "auto", title: `${r.service} ${r.name}` + (r.why ? "\n✗ " + r.why : "") + (r.note ? "\n" + r.note : "") },
				h("span", { class: "svc" }, r.service), r.name, r.note && h("span", { class: "dim" }, " · " + r.note)));
		name.style.paddingLeft = Math.min(r.depth ?? 0, 16) * 14 + "px";
		const picked = r.n === this.picked;
		const row = h("div", {
			class: "r " + shade(r.service) + (r.failed ? " failed" : "") + (picked ? " at" : "") + (this.hit(r) ? " hit" : ""),
			id: "row-" + r.n, role: "row", "data-i": i, "data-span": r.id,
			"aria-level": (r.depth ?? 0) + 1, "aria-rowindex": i + 2, "aria-selected": String(picked),
			"aria-expanded": r.kids ? String(!this.folded.has(r.n)) : undefined,
		},
		name,
		h("div", { class: "time", role: "gridcell" }, h("span", { class: "unseen" }, r.untimed ? "no time" : "begins at " + offset(r.at)), !r.untimed && bar),
		h("div", { class: "took", role: "gridcell" }, duration(r.took)));
		row.style.top = i * this.height + "px";
		return row;
	}

	hit(r) {
		return this.needle !== "" && (r.name.toLowerCase().includes(this.needle) || r.service.toLowerCase().includes(this.needle) || (r.why ?? "").toLowerCase().includes(this.needle) || r.id === this.needle);
	}

	// find picks the next row that matches, around the end; false when none does.
	find(text, step = 1, test = (r) => this.hit(r)) {
		this.needle = text.trim().toLowerCase();
		this.stale = true;
		const n = this.all.length, start = this.place.get(this.picked) ?? (step > 0 ? -1 : 0);
		for (let k = 1; k <= n; k++) {
			const r = this.all[(start + step * k + n * 2) % n];
			if (test(r)) { this.reveal(r.n); return true; }
		}
		this.paint();
		return false;
	}

	// reveal unfolds what is above a span and picks it.
	reveal(n) {
		let i = this.place.get(n);
		if (i === undefined) return;
		let changed = false;
		for (let up = this.all[i].up; up !== undefined; up = this.all[up].up) changed = this.folded.delete(this.all[up].n) || changed;
		if (changed) this.lay();
		i = this.index.get(n);
		this.pick(i);
	}

	pick(i) {
		const r = this.shown[i];
		this.picked = r.n;
		const top = i * this.height, head = 33, view = this.root;
		if (top < view.scrollTop) view.scrollTop = top;
		else if (top + this.height + head > view.scrollTop + view.clientHeight) view.scrollTop = top + this.height + head - view.clientHeight;
		this.stale = true;
		this.paint();
		this.onPick(r);
		$("row-" + r.n)?.scrollIntoView({ block: "nearest" }); // above the sheet of a phone
	}

	fold(i, on) {
		const r = this.shown[i], folded = this.folded.has(r.n);
		if (!r.kids || on === folded) return;
		if (folded) this.folded.delete(r.n);
		else this.folded.add(r.n);
		this.lay();
	}

	key(e) {
		if (e.ctrlKey || e.metaKey || e.altKey || !this.shown.length) return;
		const at = this.index.get(this.picked), last = this.shown.length - 1;
		const page = Math.max(1, Math.floor(this.root.clientHeight / this.height) - 2);
		const to = (i) => this.pick(Math.max(0, Math.min(last, i)));
		const r = this.shown[at];
		switch (e.key) {
		case "ArrowDown": case "j": to(at === undefined ? 0 : at + 1); break;
		case "ArrowUp": case "k": to(at === undefined ? 0 : at - 1); break;
		case "PageDown": to((at ?? 0) + page); break;
		case "PageUp": to((at ?? 0) - page); break;
		case "Home": to(0); break;
		case "End": to(last); break;
		case "ArrowRight": if (r?.kids && this.folded.has(r.n)) this.fold(at, false); else if (r?.kids) to(at + 1); break;
		case "ArrowLeft": if (r?.kids && !this.folded.has(r.n)) this.fold(at, true); else if (r?.up !== undefined) to(this.index.get(this.all[r.up].n)); break;
		case "e": this.find(this.needle, 1, (x) => x.failed); break;
		case "Enter": case " ": if (at === undefined) to(0); this.onPick(this.shown[this.index.get(this.picked)], true); break;
		case "Escape": this.onLeave(); break;
		default: return;
		}
		e.preventDefault();
		e.stopPropagation();
	}
}
