// The page begins here: styles, the session, then what the address names.
import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./state/theme";
import { page } from "./state/route";
import { findSession } from "./state/session";
import { App } from "./shell/App";

const place = document.getElementById("page");
if (place) render(<App />, place);
// A link that was shared works without an account.
if (page.value !== "shared") void findSession();
