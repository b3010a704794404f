// What StatsD lines have said in the last minute.

function countersScreen() {
	const body = h("tbody", { role: "rowgroup" });
	const status = h("p", { role: "status" });
	const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Counters" }, h("table", { class: "counters", role: "table" },
		h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
			h("th", { role: "columnheader", scope: "col" }, "Name"), h("th", { role: "columnheader", scope: "col" }, "Kind"),
			h("th", { role: "columnheader", scope: "col", class: "num" }, "Count"), h("th", { role: "columnheader", scope: "col", class: "num" }, "Value"), h("th", { role: "columnheader", scope: "col", class: "num" }, "Most"),
			h("th", { role: "columnheader", scope: "col", class: "trend" }, "Last 60 s"))), body));
	const empty = h("div", { class: "empty", hidden: true },
		h("h2", {}, "No StatsD line in the last minute"),
		h("p", { class: "dim" }, "The program that holds this viewer can share them: viewer.WithStatsD, or a client that writes to StatsD()."));
	const root = h("div", {}, h("h1", {}, "Counters of the last minute"), h("div", { class: "found" }, status), table, empty);
	let timer = 0;

	async function load() {
		clearTimeout(timer);
		try {
			const got = await ask("api/viewer/statsd");
			status.textContent = count(got.series.length, "series").replace("seriess", "series") + (got.refused ? `, ${count(got.refused, "line")} not understood or too many` : "");
			status.className = "";
			table.hidden = got.series.length === 0;
			empty.hidden = got.series.length > 0;
			body.replaceChildren(...got.series.map(seriesRow));
		} catch (e) {
			status.textContent = String(e.message);
			status.className = "bad";
		}
		if (root.isConnected && following) timer = setTimeout(load, 1000);
	}
	return { root, title: "Counters", nav: "nav-counters", load, changed() {}, key: () => false, leave: () => clearTimeout(timer), resumed: load };
}

function seriesRow(s) {
	const short = (n) => (Math.abs(n) >= 1e15 ? n.toExponential(3) : Number(n.toPrecision(6)).toLocaleString("en", { maximumSignificantDigits: 6 }));
	const ms = (n) => (s.kind === "timer" ? duration(Math.round(n * 1000)) : short(n));
	const value = { counter: () => short(s.sum), gauge: () => short(s.last), set: () => short(s.last) + " different" }[s.kind] ?? (() => "mean " + ms(s.count ? s.sum / s.count : 0));
	return h("tr", { role: "row" }, // said, because a phone lays them out as no table
		h("th", { role: "rowheader", scope: "row" }, s.name, s.tags && h("span", { class: "tags" }, s.tags)),
		h("td", { role: "cell", class: "dim" }, s.kind), h("td", { role: "cell", class: "num", "data-label": "×" }, short(s.count)),
		h("td", { role: "cell", class: "num" }, value()), h("td", { role: "cell", class: "num", "data-label": "most" }, s.kind === "counter" || s.kind === "set" ? "" : ms(s.max)),
		h("td", { role: "cell", class: "trend" }, spark(s.seconds)));
}

function spark(values) {
	const ns = "http://www.w3.org/2000/svg";
	const svg = document.createElementNS(ns, "svg"), line = document.createElementNS(ns, "polyline");
	const low = Math.min(0, ...values), high = Math.max(...values), range = high - low || 1;
	svg.setAttribute("viewBox", "0 0 150 26");
	svg.setAttribute("aria-hidden", "true");
	line.setAttribute("points", values.map((v, i) => `${(i * 150 / 59).toFixed(1)},${(24 - 22 * (v - low) / range).toFixed(1)}`).join(" "));
	svg.append(line);
	return svg;
}
