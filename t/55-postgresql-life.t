#!/usr/bin/perl
# The tests of the service, once more over PostgreSQL: each as it is, in a
# process of its own, with databases of its own. SR_FULL=1: those too that look
# at nothing that the database has a part in.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Postgres qw(pg_missing pg_own);
use Strongroom::Proc qw(now parallel run);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'sanitizers and counters see the driver in other tests'
    if slow() > 1 || slurp(program('strongroom')) =~ /__gcov_/;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

my @tests = qw(20-cases-nginx 21-cases-cgi 22-contract 22-contract-kept
    24-saving-again 40-concurrent-saves 41-concurrent-one-identifier
    41-revoked-concurrent
    50-canary 59-read 60-list 63-change 63-delete 63-edit
    64-change-concurrent 64-idempotency 64-lease 65-reveal 67-api-keys
    68-rotation-race-concurrent 69-audit-concurrent 69-audit-http
    70-openapi 72-life);
push @tests, qw(22-contract-expires-at 22-contract-fields 22-contract-json
    22-contract-routes 23-published-page 25-body-limits 31-cgi)
    if $ENV{SR_FULL};
my $cluster = pg_own();

# Two at a time, as their clusters are small and their waits are not.
sub run_one {
	my ($name) = @_;
	my $began = now();
	my $ran = run(cmd => [$^X, '-I', source() . '/t/lib',
	    source() . "/t/$name.t"], env => { %ENV,
	    SR_STORE => 'postgresql', SR_CLUSTER => $cluster->{dir} },
	    seconds => 600);
	diag(sprintf '%5.1f s %s', now() - $began, $name) if $ENV{SR_TIMES};
	return ($name, $ran->{exit}, scalar(() = $ran->{out} =~ /^ok \d/mg),
	    join "\n", grep { !/\Aok / } split /\n/, $ran->{out} . $ran->{err});
}

my @said = parallel(2, sub {
	my ($i) = @_;
	return map { run_one($tests[$_]) } grep { $_ % 2 == $i } 0 .. $#tests;
});
my $ran = 0;
for my $said (@said) {
	while (my ($name, $exit, $count, $text) = splice @$said, 0, 4) {
		$ran++;
		ok($exit eq '0' && $count > 3, "$name: $count tests")
		    or diag("exit $exit\n$text");
	}
}
is($ran, scalar @tests, 'all of them have run');

finish();
