/// What ops(1) says beyond the commands.
enum CommandManualText {
    static var end: String {
        UnattendedManualText.section + environment + """
            .Sh FILES
            .Bl -tag -width Ds
            .It Pa ops.yaml , ops.yml , .ops.yaml
            The recipe, in the working directory or the nearest parent that belongs to
            the same owner.
            .It Pa ~/.local/state/ops/runs/ID
            What is kept of a run: the plan and what was asked for
            .Pq Pa plan.json ,
            its events
            .Pq Pa journal.jsonl ,
            what its steps printed
            .Pq Pa output ,
            masked, and the lock that it holds while it goes on
            .Pq Pa lock .
            The newest 100 runs of the last 30 days are kept, and those that go on.
            .El
            .Sh SIGNALS
            The first SIGINT, SIGTERM or SIGHUP cancels the run: its processes have SIGTERM, after
            .Fl -grace
            SIGKILL, and clean-up runs.
            Only a second SIGINT kills, without clean-up.
            One that was ignored when
            .Nm
            was started stays ignored.
            .Pp
            A run is two processes: one does the work, the other, whose id the caller knows, watches it, hands signals on
            and ends as it ends.
            Whichever of them is killed, all processes of the run end at once, and its private files are removed;
            .Ic detach
            names what lives on.
            .Sh EXIT STATUS
            .Bl -tag -width 129
            .It 0
            All that was asked is done.
            .It 1
            A step failed.
            .It 2
            The recipe, an input or a reference is wrong: nothing ran.
            .It 64
            The command line is used wrongly.
            .It 75
            Another run holds what this one needs.
            .It 124
            The run's own
            .Fl -timeout
            passed.
            .It 129 , 130 , 143
            Interrupted by SIGHUP, SIGINT or SIGTERM, after clean-up.
            .El
            .Sh EXAMPLES
            Say what a run would do, then do it:
            .Bd -literal -offset indent
            ops plan push version=1.4.2
            ops push version=1.4.2
            .Ed
            .Pp
            Give a task arguments of its own:
            .Bd -literal -offset indent
            ops test \\-\\- \\-\\-filter Parser
            .Ed
            .Pp
            In cron, where only a failure should be told; the second writes such lines from the recipe's schedule:
            .Bd -literal -offset indent
            ops run \\-\\-unattended \\-f /srv/site/ops.yaml \\-\\-timeout 1h backup
            ops schedule export crontab
            .Ed
            .Pp
            Go on with the run that failed, and see why a task ran:
            .Bd -literal -offset indent
            ops resume
            ops why deploy
            .Ed
            .Pp
            What the last run printed, and that of one task:
            .Bd -literal -offset indent
            ops logs
            ops logs 20261121-0912 test
            .Ed

            """
    }

    private static var environment: String {
        var text = """
            .Sh ENVIRONMENT
            Every option of
            .Nm ops run
            has a twin, which holds where the command line does not say otherwise; a
            flag's is
            .Li true
            or
            .Li false .
            .Bl -tag -width Ds

            """
        for option in RunOption.allCases { text += ".It Ev \(option.twin)\nFor\n.Fl -\(option.rawValue) .\n" }
        return text + """
            .It Ev OPS_INPUT_NAME
            The input
            .Va name .
            .It Ev OPS_STATE_DIR
            Where runs are kept;
            .Pa $XDG_STATE_HOME/ops ,
            else
            .Pa ~/.local/state/ops
            by default.
            .It Ev OPS_SYSLOG
            The socket of the system's log that hears of unattended runs,
            .Pa /dev/log
            by default;
            .Li off
            for none.
            .It Ev OPS_POLICY
            One more policy file
            .Pq Xr ops-recipe 5 .
            .It Ev NO_COLOR , FORCE_COLOR , CLICOLOR_FORCE
            Turn colour off, or on without a terminal.
            .El

            """
    }
}
