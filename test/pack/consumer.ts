/** The declarations of the published packages, as a strict project without DOM sees them. */
import * as core from "@chainrule/core";
import * as formats from "@chainrule/formats";
import * as files from "@chainrule/formats/node";
import * as nn from "@chainrule/nn";
import * as optim from "@chainrule/optim";
import * as testing from "@chainrule/testing";
import * as train from "@chainrule/train";
import * as chainrule from "chainrule";

export const everything: readonly object[] = [
  chainrule,
  core,
  files,
  formats,
  nn,
  optim,
  testing,
  train,
];
