import { describeStatusOperation } from "../../testkit/project-status.js";

describeStatusOperation({ operation: "archiveProject", action: "project.archive", from: "active", to: "archived" });
