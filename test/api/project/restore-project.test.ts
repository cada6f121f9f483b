import { describeStatusOperation } from "../../testkit/project-status.js";

describeStatusOperation({ operation: "restoreProject", action: "project.restore", from: "archived", to: "active" });
