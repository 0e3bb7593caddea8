//! The texts of the files with exceptions and with the baseline.

use super::{Shield, file_of};
use crate::model::{
    AddedFindings, BaselineFile, ExceptionFacts, ExceptionsFile, FileMistake, HeadBaseline,
    HeadExceptions, WaiverFiles,
};

impl Shield {
    pub(super) fn exception(&self, exception: &mut ExceptionFacts) {
        let ExceptionFacts {
            id: _,
            rule: _,
            subject: _,
            reason,
            owner: _,
            expires: _,
            place,
        } = exception;
        self.text_about(file_of(place), reason);
        self.maybe_place(place);
    }

    pub(super) fn waiver_files(&self, files: &mut WaiverFiles) {
        let WaiverFiles {
            exceptions:
                ExceptionsFile {
                    mistakes,
                    head: exceptions,
                },
            baseline:
                BaselineFile {
                    mistakes: of_baseline,
                    head: baseline,
                },
        } = files;
        self.file_mistakes(mistakes);
        self.file_mistakes(of_baseline);
        if let Some(HeadExceptions {
            path: _,
            mistakes,
            exceptions,
        }) = exceptions
        {
            self.file_mistakes(mistakes);
            exceptions.iter_mut().for_each(|it| self.exception(it));
        }
        if let Some(HeadBaseline {
            path: _,
            mistakes,
            before: _,
            added,
        }) = baseline
        {
            self.file_mistakes(mistakes);
            for AddedFindings {
                rule: _,
                count: _,
                first: _,
                place,
            } in added
            {
                self.maybe_place(place);
            }
        }
    }

    pub(super) fn file_mistakes(&self, mistakes: &mut [FileMistake]) {
        for FileMistake {
            message,
            help,
            place,
        } in mistakes
        {
            self.said(message, help, place);
        }
    }
}
