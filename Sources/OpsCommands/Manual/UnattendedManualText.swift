/// What ops(1) says of runs that nobody looks at.
enum UnattendedManualText {
    static let section = """
        .Sh UNATTENDED RUNS
        With
        .Fl -unattended
        a run is for
        .Xr cron 8
        and for timers of systemd.
        .Bl -bullet
        .It
        It prints nothing when all is well, warnings included.
        When it is not, it prints the whole log to standard output, without colour: cron then
        mails it.
        .It
        It asks nothing: a
        .Ic confirm
        without
        .Fl -yes ,
        or an
        .Ic interactive
        step, is an error before anything runs.
        .It
        It always ends: its limit is
        .Fl -timeout ,
        else the recipe's
        .Ic timeout ,
        else one day.
        .It
        It waits for nobody's lock but by
        .Fl -wait ,
        and takes its turn among the runs of its recipe file as
        .Ic overlap
        says: see
        .Xr ops-recipe 5 .
        .It
        The system's log has a line when it starts and one when it ends, from
        .Li ops ,
        facility
        .Li cron .
        .It
        The recipe's
        .Ic heartbeat
        is told.
        .El
        .Pp
        .Fl -jitter
        waits a random part of its time before anything else is done, so that many machines do not begin at once.
        The wait is in no limit, and a signal ends it.
        .Pp
        .Fl -clean-env
        gives a run the same environment from a terminal as from cron:
        .Ev HOME , LOGNAME
        and
        .Ev TZ
        of the caller,
        .Ev SHELL , PATH
        and
        .Ev LANG
        with fixed values, and the variables of
        .Nm
        itself.
        What works with it at noon works at night.
        References
        .Li env://
        see no more of the environment either.
        .Ss Schedules
        .Nm ops Cm schedule
        lists when the tasks of a recipe are meant to run, by its
        .Ic schedule .
        .Nm
        itself waits for nothing: the export hands the times to cron or systemd.
        .Bd -literal -offset indent
        ops schedule
        ops schedule export crontab | crontab -
        ops schedule export systemd --out /etc/systemd/system
        systemctl enable --now ops-site-nightly.timer
        .Ed
        .Pp
        The first line of these replaces all of a user's crontab.
        Debian's cron runs in the machine's zone only: a schedule in another one is refused there, unless
        .Fl -cron-tz
        says that the cron is cronie.
        .Pp
        Where a clock is changed, a time that does not exist comes once, right behind the gap, and a time that exists
        twice comes once, the first time.
        A schedule with
        .Li *
        as its hour or minute follows the clock.
        So does Debian's cron.
        A timer of systemd passes over a time that does not exist;
        .Nm ops Cm schedule
        warns of one in the year to come.

        """.replacing("| crontab -\n", with: "| crontab \\-\n").replacing("--", with: "\\-\\-")
}
