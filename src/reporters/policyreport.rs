//! PolicyReport of the Kubernetes policy working group, which OpenReports grew out of. Source:
//! `kubernetes-sigs/wg-policy-prototypes` `wgpolicyk8s.io_policyreports.yaml`, version v1alpha2.

use super::{Report, Reporter, openreports};
use std::io::{self, Write};

pub(super) struct PolicyReport;

impl Reporter for PolicyReport {
    fn name(&self) -> &'static str {
        "policyreport"
    }

    fn purpose(&self) -> &'static str {
        "the same for clusters without OpenReports"
    }

    fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        let objects = openreports::objects(report, "wgpolicyk8s.io/v1alpha2", "PolicyReport");
        openreports::write_yaml(&objects, out)
    }
}
