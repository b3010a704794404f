// A backend of the reference StatsD server that adds up what it is flushed,
// and answers every HTTP request with the sums as JSON.
const http = require('http');

exports.init = function (startup, config, events) {
  const totals = {
    counters: Object.create(null), // sums
    timers: Object.create(null),   // values
    counts: Object.create(null),   // of timers, with their rates
    gauges: Object.create(null),   // the latest
    sets: Object.create(null),     // distinct members
    flushes: 0,
  };
  const members = Object.create(null);
  const add = function (to, from) {
    for (const key of Object.keys(from)) {
      to[key] = (to[key] || 0) + from[key];
    }
  };
  events.on('flush', function (time, metrics) {
    add(totals.counters, metrics.counters);
    add(totals.counts, metrics.timer_counters);
    for (const key of Object.keys(metrics.timers)) {
      totals.timers[key] = (totals.timers[key] || []).concat(metrics.timers[key]);
    }
    for (const key of Object.keys(metrics.gauges)) {
      totals.gauges[key] = metrics.gauges[key];
    }
    for (const key of Object.keys(metrics.sets)) {
      members[key] = members[key] || new Set();
      metrics.sets[key].values().forEach(function (m) { members[key].add(m); });
      totals.sets[key] = Array.from(members[key]);
    }
    totals.flushes++;
  });
  http.createServer(function (request, response) {
    response.end(JSON.stringify(totals));
  }).listen(config.totalsPort, '127.0.0.1');
  return true;
};
