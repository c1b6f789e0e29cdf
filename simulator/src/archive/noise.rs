//! What else lies in real archives: filler, descriptions, files without data, and what is nobody's concern.

use super::Maker;

impl Maker<'_> {
    pub(super) fn noise(&mut self) {
        let root = self.root();
        let zone = self.view.person().timeline.home_zone().to_owned();
        let day = self.to;
        let profile = format!("somebody,Secret Name,1985-01-01,{zone},en_US,METRIC");
        self.csv(
            format!("{root}/Your Profile/Profile.csv"),
            "id,full_name,date_of_birth,timezone,locale,weight_unit",
            &profile,
        );
        let files = [
            (
                "Health Fitness Data_GoogleData/UserActivityProbabilities",
                "timestamp,probabilities",
                "x,\"a b\"",
            ),
            ("Health Fitness Data_GoogleData/UserConversations", "text", "Secret words"),
            ("Health Fitness Data_GoogleData/UserAppSettingData", "key,value", "a,b"),
            ("Physical Activity_GoogleData/gps_location", "timestamp,latitude,longitude", "x,1,2"),
            ("Physical Activity_GoogleData/live_pace", "timestamp,steps", "2026-01-01T00:00:00Z,500"),
            ("Biometrics/Glucose", "no data", ""),
            ("Social_GoogleData/friends", "name", "Secret Friend"),
            ("Something New/unheard_of", "timestamp,novelty", "2026-01-01T00:00:00Z,1"),
        ];
        for (name, header, row) in files {
            self.csv(format!("{root}/{name}_{day}.csv"), header, row);
        }
        self.csv(format!("{root}/Physical Activity_GoogleData/steps_readme.txt"), "What steps are.", "");
        self.csv("Takeout/archive_browser.html".to_owned(), "<html></html>", "");
        // A file with its header alone.
        let path = self.table("floors", Some(day.plus(400)));
        self.csv(path, "timestamp,floors", "");
    }
}
