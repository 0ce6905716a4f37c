// What measures time and memory, with nothing beside it.
import "./looking.js";
import "./bindings.js";
