// One page in one browser, and what the scenarios ask of it. Addresses come in
// the environment.
const { chromium } = require("playwright-core");
const assert = require("node:assert/strict");
const dgram = require("node:dgram");
const fs = require("node:fs");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const { VIEWER, SHOP, STATSD, CHROMIUM, PROFILE, SCREENSHOTS } = process.env;

const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const desktop = { width: 1280, height: 800 }, phone = { width: 390, height: 844 };
const at = (hash) => VIEWER + "/" + hash;
const hostile = `<script>window.hacked=1</script><img src=x onerror="window.hacked=1"><b>\u0000\u001b[31m\u202egnp.exe`;
const faults = []; // what the browser complained about, anywhere

const order = async (id, correlation) => {
	const answer = await fetch(`${SHOP}/orders/${id}`, { headers: correlation ? { "X-Correlation-ID": correlation } : {} });
	await answer.text();
};
const post = async (spans) => {
	const answer = await fetch(VIEWER + "/api/v2/spans", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(spans) });
	assert.equal(answer.status, 202);
};
// counters sends StatsD lines, so that there are some of the last minute.
const counters = async () => {
	const socket = dgram.createSocket("udp4"), [host, port] = STATSD.split(":");
	await new Promise((sent) => socket.send("shop.requests:3|c\nshop.took:20|ms|#<b>route</b>:/orders", port, host, sent));
	socket.close();
};
const api = async (path) => (await fetch(VIEWER + path)).json();
const newest = async () => (await api("/api/viewer/traces?serviceName=shop")).traces[0];


const b = module.exports;
async function open(hash, wait, options = {}) {
	if (b.page) await b.page.close();
	const page = b.page = await b.context.newPage();
	page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") faults.push(m.text()); });
	page.on("pageerror", (e) => faults.push(e.message));
	page.on("dialog", (d) => { faults.push("dialog " + d.message()); d.dismiss(); });
	page.on("request", (r) => { if (!r.url().startsWith(VIEWER + "/") && !r.url().startsWith("data:")) faults.push("request to " + r.url()); });
	await page.setViewportSize(options.size ?? desktop);
	await page.emulateMedia({ colorScheme: options.scheme ?? "light" });
	if (hash === "#/counters") await counters();
	await page.goto(at(hash));
	await page.waitForSelector(wait);
}
const list = ".traces li", row = ".grid .rows .r", details = ".detail .pairs";
const rowNamed = (text) => b.page.locator(row, { hasText: text }).first();
const shot = async (name) => { if (SCREENSHOTS) await b.page.screenshot({ path: `${SCREENSHOTS}/${name}.png` }); };
const rowText = async (name) => b.page.locator(".counters tbody tr", { hasText: name }).innerText();

Object.assign(module.exports, { VIEWER, open, order, post, api, newest, rowNamed, rowText, shot, faults, at, list, row, details, hostile, desktop, phone, axe, chromium, flags, CHROMIUM, PROFILE });
