/// What ops(1) says beyond the commands.
enum CommandManualText {
    static var end: String {
        environment + """
            .Sh FILES
            .Bl -tag -width Ds
            .It Pa ops.yaml , ops.yml , .ops.yaml
            The recipe, in the working directory or the nearest parent that belongs to the same owner.
            .It Pa ~/.local/state/ops/runs/ID
            What is kept of a run: the plan
            .Pq Pa plan.json ,
            its events
            .Pq Pa journal.jsonl
            and what its steps printed
            .Pq Pa output ,
            masked.
            The newest 100 runs of the last 30 days are kept.
            .El
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
            .Sh THE PLAN AS DATA
            .Nm ops plan
            .Fl -format Cm json
            prints one object.
            .Va schema
            is
            .Li ops/plan/v1 ;
            it changes when a member changes its meaning, not when one is added.
            .Va recipe , name , requested , arguments , inputs , git , secrets , timeout , warnings
            say what was planned.
            .Va tasks
            lists the tasks in an order in which each stands behind all it needs:
            .Va id , name , matrix , decision , reason , needs , confirm , timeout , outputs ,
            and the lists
            .Va steps , on-failure , finally .
            A step has
            .Va id , name , action , summary , decision , reason , directory , interactive , timeout , effects ,
            .Va secrets , outputs , line .
            An effect has a
            .Va kind
            .Pq read , write , execute , fetch , request or publish ,
            a
            .Va target
            and a
            .Va detail .
            A decision is
            .Li run , undecided , skipped
            or
            .Li on-failure .
            A value that only the run can know is
            .Li {\\(dq$unknown\\(dq: NAME} ;
            a secret is
            .Li {\\(dq$secret\\(dq: [NAMES]} .
            .Sh SEE ALSO
            .Xr ops-recipe 5 ,
            .Xr ops-plugin 7

            """
    }

    private static var environment: String {
        var text = """
            .Sh ENVIRONMENT
            Every option of
            .Nm ops run
            has a twin, which holds where the command line does not say otherwise; a flag's is
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
            .It Ev NO_COLOR , FORCE_COLOR , CLICOLOR_FORCE
            Turn colour off, or on without a terminal.
            .El

            """
    }
}
