// Packages, engines, the network, other browsers. Beside `view.test.js`.
import "./hostile.js";
import "./phases.js";
import "./preview.js";
import "./silent.js";
import "./pool.js";
import "./offered.js";
import "./opening.js";
import "./own.js";
import "./photographs.js";
import "./offline.js";
import "./engines.js";
import "./foreign.js";
import "./served.js";
import "./firefox.js";
