/// What ops(1) says of plans that are saved and of runs that go on.
enum ResumeManualText {
    static let sections = savedPlans + resuming

    private static let savedPlans = """
        .Sh SAVED PLANS
        .Ic ops plan Fl -out Ar file
        keeps a plan with the request that made it;
        .Ic ops run Fl -plan Ar file
        makes the plan again from that request, and runs it if it is the same.
        If not, every difference is named and nothing runs (exit status 2):
        a recipe file, an input, a git fact, a task or a step that is gone, new or
        another, a decision, what an action would read or write.
        The plan holds its recipe, folder, tasks, inputs and arguments; to give any of
        them beside it is an error.
        An
        .Ev OPS_INPUT_NAME
        variable or a file of inputs that now says something else is a difference; one
        that is gone is not missed.
        .Pp
        The file holds no time and no secret: the same input gives the same bytes.
        Its
        .Va digest
        finds a change by hand.

        """

    private static let resuming = """
        .Sh RESUMING
        .Ic ops resume
        goes on with a run that failed, timed out, was interrupted or died: the same
        tasks, inputs and arguments, under the same name and in the same folder, from
        wherever it is called.
        Without a
        .Ar run
        it takes the newest of the recipe found here that did not end well, unless a
        later run of the same tasks did.
        A run that still goes on is not resumed (exit status 75).
        .Pp
        What is finished is not run again, and its outputs are those of then:
        .Bl -bullet
        .It
        A finished task is not run again, nor is its condition asked again.
        One that skipped itself beside tasks that are run again is asked again.
        .It
        A task that was not finished goes on at its first step that is not done.
        If its undo or its
        .Ic finally
        had begun, it starts from its first step.
        .It
        A step with a secret output, which is never kept, is run again where something
        is left that needs it; so is a step that left a process running.
        .It
        The undo of a finished step is armed again, with its values, unless what disarms
        it is finished.
        .It
        A run that died in its clean-up finishes that first: undos that were due, newest
        first, then
        .Ic on-failure
        and
        .Ic finally .
        A task that had succeeded before its
        .Ic finally
        is finished then.
        .It
        The recipe's own
        .Ic on-failure
        and
        .Ic finally
        run again at the end.
        .El
        .Pp
        A step that was running when the run died may have done all, part or nothing of
        its work.
        It is named, and run again; its key
        .Ic resume
        says otherwise:
        .Li ask
        asks on a terminal
        .Pq Fl -yes No runs it again, without a terminal that is an error ;
        .Li skip
        takes it as done, its outputs null;
        .Li fail
        refuses to resume, but for
        .Fl -force .
        .Pp
        Before anything runs the plan is made again.
        Where a recipe file, an input or a git fact has changed, or what is left would
        not be what it was, each difference is named and nothing runs (exit status 2);
        .Fl -force
        goes on all the same.
        .Va git.dirty
        is taken as it was, since the run itself may have changed it.
        Secrets are fetched again, and
        .Ic confirm
        is asked again for what is left.

        """
}
