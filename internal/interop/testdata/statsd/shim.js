// The reference server logs with util.log, which Node dropped in version 23.
const util = require('util');
if (!util.log) {
  util.log = console.log;
}
