// What a developer does with the page.
const assert = require("node:assert/strict");
const b = require("./harness.js");
const { VIEWER, open, order, post, api, newest, rowNamed, rowText, shot, list, row, details } = b;

module.exports = {
	async "open"() {
		await open("", list);
		assert.equal(await b.page.title(), "Traces · Waymark");
		await b.page.getByText("get /orders/{id}").first().waitFor();
		assert.match(await b.page.locator("#held").innerText(), /spans of \d+ traces held/);
	},

	async "search"() {
		await open("", list);
		const found = async (n) => b.page.getByText(n === 1 ? /^1 trace$/ : new RegExp(`^${n} traces$`)).waitFor();
		await b.page.getByLabel("Service").selectOption("shop");
		await found(3);
		await b.page.getByLabel("Failed").check();
		await found(1);
		assert.match(await b.page.locator(list).innerText(), /2 errors/);
		await b.page.reload(); // the search is in the address
		await found(1);
		assert.equal(await b.page.getByLabel("Service").inputValue(), "shop");
		await b.page.getByRole("button", { name: "Clear" }).click();
		await b.page.getByLabel("Trace or correlation id").fill("order-seven");
		await b.page.getByRole("button", { name: "Search" }).click();
		await found(1);
		await b.page.getByRole("button", { name: "Clear" }).click();
		await b.page.keyboard.press("/");
		await b.page.keyboard.type("http.route=/orders/{id} and http.response.status_code=500");
		await b.page.keyboard.press("Enter");
		await found(1);
		await b.page.getByRole("button", { name: "Clear" }).click();
		await b.page.getByLabel("Span name").fill("SPAN 9");
		await b.page.getByLabel("Longer than").fill("5 ms");
		await b.page.keyboard.press("Enter");
		await found(1);
		await b.page.getByLabel("Longer than").fill("1h");
		await b.page.keyboard.press("Enter");
		assert.equal(await b.page.getByLabel("Longer than").evaluate((e) => e.validity.valid), false);
		await b.page.getByLabel("Longer than").fill("10 min");
		await b.page.keyboard.press("Enter");
		await b.page.getByText("No trace is like that").waitFor();
	},

	async "open a trace by keyboard"() {
		await open("", list);
		const ids = await b.page.locator(list + " a").evaluateAll((as) => as.map((a) => a.getAttribute("href")));
		await b.page.keyboard.press("j");
		await b.page.keyboard.press("ArrowDown");
		await b.page.keyboard.press("k");
		await b.page.keyboard.press("j");
		await b.page.keyboard.press("Enter");
		await b.page.waitForSelector(row);
		assert.equal(new URL(b.page.url()).hash, ids[1]);
		await b.page.keyboard.press("ArrowDown"); // the tree has the focus
		await b.page.waitForSelector(details);
		assert.equal(await b.page.locator(`${row}[aria-selected=true]`).count(), 1);
		assert.equal(await b.page.locator(".grid").getAttribute("aria-activedescendant"), await b.page.locator(`${row}[aria-selected=true]`).getAttribute("id"));
		await b.page.keyboard.press("Enter"); // into the details
		await b.page.waitForFunction(() => document.activeElement?.closest(".detail"));
		await b.page.keyboard.press("Escape");
		await b.page.waitForFunction(() => document.activeElement?.classList.contains("grid"));
		await b.page.keyboard.press("Escape");
		await b.page.waitForSelector(list);
	},

	async "expand a span"() {
		await open("#/trace/" + (await newest()).id, row);
		await rowNamed("price order").click();
		const detail = b.page.locator(".detail");
		await detail.getByText("no price for 13").first().waitFor();
		for (const text of ["cache miss", "Events", "Tags", "otel.status_code", "ERROR"]) await detail.getByText(text).first().waitFor();
		await shot("desktop");
		await detail.locator(".pairs button").click(); // its parent
		await detail.getByText("http.request.method").waitFor();
		assert.match(await b.page.locator(`${row}[aria-selected=true]`).innerText(), /get \/orders/);
	},

	async "fold by keyboard"() {
		await open("#/trace/" + (await newest()).id, row);
		const n = await b.page.locator(row).count();
		await b.page.keyboard.press("Home");
		await b.page.keyboard.press("ArrowLeft");
		await b.page.waitForFunction(([s]) => document.querySelectorAll(s).length === 1, [row]);
		assert.equal(await b.page.locator(row).getAttribute("aria-expanded"), "false");
		await b.page.keyboard.press("ArrowRight");
		await b.page.waitForFunction(([s, m]) => document.querySelectorAll(s).length === m, [row, n]);
		await b.page.keyboard.press("e"); // the next error
		assert.match(await b.page.locator(`${row}[aria-selected=true]`).innerText(), /failed/);
	},

	async "logs beside the trace"() {
		await open("#/trace/" + (await newest()).id, ".logs");
		await b.page.locator(".logs").getByText("order=13").waitFor();
		await b.page.locator(".logs button", { hasText: "pricing" }).click();
		await b.page.locator(".detail").getByText("Log lines of this span").waitFor();
	},

	async "links between traces"() {
		const other = await newest();
		await post([{ traceId: "cc", id: "1", name: "batch", timestamp: 1e15, duration: 9, localEndpoint: { serviceName: "job" },
			tags: { "otlp.link.0": `${other.id}|${(await api("/api/v2/trace/" + other.id))[0].id}||{}|0`, "otlp.link.1": "000000000000000000000000000000dd|1" } }]);
		await open("#/trace/00000000000000cc?span=0000000000000001", details);
		await b.page.locator(".detail").getByText("is not here").waitFor();
		await b.page.locator(".detail a").click();
		await b.page.waitForFunction((id) => location.hash.includes(id), other.id);
		await b.page.waitForSelector(details);
	},

	async "counters"() {
		await open("#/counters", ".counters tbody tr");
		assert.match(await rowText("shop.requests"), /counter\s+\d+\s+\d*[369]/);
		assert.match(await rowText("shop.took"), /timer\s+\d+\s+mean 20\.0 ms\s+20\.0 ms/);
	},

	async "copy JSON and text"() {
		const { id } = await newest();
		await open("#/trace/" + id, row);
		await b.page.getByRole("button", { name: "Copy JSON" }).click();
		await b.page.getByRole("button", { name: "Copied" }).waitFor();
		assert.deepEqual(JSON.parse(await b.page.evaluate(() => navigator.clipboard.readText())), await api("/api/v2/trace/" + id));
		await b.page.getByRole("button", { name: "Copy text" }).click();
		await b.page.waitForFunction(() => document.getElementById("say").textContent === "Text copied");
		assert.equal(await b.page.evaluate(() => navigator.clipboard.readText()), await (await fetch(`${VIEWER}/api/viewer/trace/${id}/text`)).text());
	},

	async "permalink"() {
		await open("#/trace/" + (await newest()).id, row);
		await rowNamed("price order").click();
		await b.page.waitForSelector(details);
		await b.page.getByRole("button", { name: "Copy link" }).click();
		await b.page.getByRole("button", { name: "Copied" }).waitFor();
		const link = await b.page.evaluate(() => navigator.clipboard.readText());
		assert.equal(link, b.page.url());
		await open(link.slice(VIEWER.length + 1), details);
		assert.match(await b.page.locator(`${row}[aria-selected=true]`).innerText(), /price order/);
		await open("zipkin/traces/" + (await newest()).id, row); // as Zipkin's own page has it
	},

	async "live update while requests arrive"() {
		await open("#/?serviceName=shop", list);
		const n = await b.page.locator(list).count();
		await b.page.locator(list + " a").nth(1).focus();
		const focused = await b.page.evaluate(() => document.activeElement.getAttribute("href"));
		await Promise.all([order(1), order(2), order(3)]);
		await b.page.waitForFunction(([s, m]) => document.querySelectorAll(s).length === m, [list, n + 3]);
		assert.equal(await b.page.evaluate(() => document.activeElement.getAttribute("href")), focused, "focus stays where it was");
		await b.page.getByRole("button", { name: "Live" }).click();
		await order(4);
		await new Promise((r) => setTimeout(r, 1500));
		assert.equal(await b.page.locator(list).count(), n + 3, "paused");
		await b.page.getByRole("button", { name: "Live" }).click();
		await b.page.waitForFunction(([s, m]) => document.querySelectorAll(s).length === m, [list, n + 4]);

		await open("#/trace/00000000000000ee", ".empty"); // waits for what has not come
		await post([{ traceId: "ee", id: "2", parentId: "1", name: "child", timestamp: 1e15, duration: 1000 }]);
		await b.page.getByText("The root of this trace is not here yet").waitFor();
		await post([{ traceId: "ee", id: "1", name: "root", timestamp: 1e15, duration: 2000 }]);
		await b.page.waitForFunction(([s]) => document.querySelectorAll(s).length === 2, [row]);
		assert.equal(await b.page.getByText("The root of this trace is not here yet").count(), 0);
	},
};
