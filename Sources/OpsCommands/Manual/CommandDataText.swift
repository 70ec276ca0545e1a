/// What ops(1) says of the JSON that commands print.
enum CommandDataText {
    static let sections = """
        .Sh OUTPUT AS DATA
        With
        .Fl -format Cm json
        commands print one JSON value.
        Members may be added; none changes its meaning within a version.
        .Ss ops plan
        An object, whose
        .Va schema
        is
        .Li ops/plan/v1 .
        .Va recipe , name , requested , arguments , inputs , git , units , secrets , timeout , heartbeat , warnings
        say what was planned,
        .Va request
        and
        .Va recipes
        (for each its
        .Va file
        and
        .Va digest )
        what it was planned from,
        .Va shape
        is a digest of the tasks, steps and decisions, and
        .Va digest
        one of all else;
        .Va on-failure
        and
        .Va finally
        are the steps of the recipe itself.
        .Va tasks
        lists the tasks in an order in which each stands behind all it needs:
        .Va id , name , matrix , decision , reason , needs , confirm , timeout , outputs ,
        and the lists
        .Va steps , on-failure , finally ;
        one that is held to permissions has
        .Va permissions :
        .Va read , write , net , exec , secrets , env ,
        each left out where it does not limit,
        .Va source ,
        .Va within ,
        the wider ones that hold too, and
        .Va not-enforced ,
        what this system cannot hold.
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
        .Ss ops list
        An object with
        .Va recipe ,
        the file, and
        .Va tasks :
        for each
        .Va name , description , needs , file , line , column .
        .Ss ops graph
        An object with
        .Va tasks ,
        the names, needs first, and
        .Va needs :
        for each
        .Va task
        and
        .Va needs .
        .Ss ops runs
        A list, the newest first:
        .Va id , recipe , tasks , started , duration
        in seconds,
        .Va state
        .Pq Li running , died , interrupted , succeeded , failed or timed-out ,
        .Va resumable ,
        .Va outcome
        and
        .Va exit-status ;
        duration, outcome and exit status are null for a run without an end.
        .Ss ops why
        A list, one object for each instance of the task:
        .Va task , run , outcome , reason , decision , condition , requested , needed-by , starts , duration ,
        .Va failures
        (of steps:
        .Va step , summary , message , exit-status , place , hint , last-lines ) ,
        .Va messages , run-before , outcome-before
        and
        .Va changes ,
        what is different from the run before in recipe, inputs and git facts.
        .Ss ops schedule
        A list:
        .Va name
        .Pq null for the only one ,
        .Va cron , zone , task , inputs , jitter , timeout , catch-up
        and
        .Va next ,
        the times in UTC.
        .Ss ops actions
        A list of plugins:
        .Va name , summary , actions
        and
        .Va secret-schemes .
        An action has
        .Va name , summary , description , parameters , outputs
        and
        .Va examples ;
        a parameter
        .Va name , type , summary , required , secret , default
        and
        .Va members .
        .Ss ops lint
        A list of diagnostics:
        .Va severity , code , message , hint , file , line , column , end-line
        and
        .Va end-column .
        The formats
        .Cm sarif
        and
        .Cm github
        are those of code scanning and of annotations.
        .Ss ops recipe push
        An object with
        .Va reference , digest , pinned
        (the reference by its digest),
        .Va size
        (packed, in bytes),
        .Va signer
        .Pq the key, or null ,
        .Va annotations
        and, of a dry run,
        .Va files :
        for each
        .Va path , mode , size , platform
        and
        .Va target
        .Pq of a link .
        .Ss ops recipe pull
        An object with
        .Va reference , digest , pinned , folder , files
        .Pq their number ,
        .Va signer
        and
        .Va key ;
        both are null where no signature counts.
        .Ss ops secrets check
        A list of the references that were asked:
        .Va name , reference , state
        (the words are in
        .Xr ops-secrets 7 ) ,
        .Va detail , version
        and
        .Va expires ,
        the time in UTC.
        .Sh SEE ALSO
        .Xr ops-recipe 5 ,
        .Xr ops-plugin 7 ,
        .Xr ops-secrets 7

        """
}
