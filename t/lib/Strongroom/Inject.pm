package Strongroom::Inject;

# Faults by LD_PRELOAD: t/faults/inject.c says what can be asked for.
#
#	$house->worker(env => inject($house, 'sync:eio:7'));
#	$house->cgi(env => inject($house, 'change:kill:3'), ...);
#
# Only files under the house's directory count, or under path => DIRECTORY.

use strict;
use warnings;
use Exporter 'import';
use Strongroom;
use Strongroom::Preload qw(loadable);

our @EXPORT = qw(inject injected);

sub inject {
	my ($house, $rules, %o) = @_;
	my %env = (LD_PRELOAD => loadable(program('t/faults/inject.so')),
	    SR_INJECT => $rules, SR_INJECT_PATH => $o{path} // $house->{dir});
	# A sanitizer wants to be the first library, and need not be.
	$env{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS},
	    'verify_asan_link_order=0' if slow() > 1;
	return \%env;
}

# How many faults of single calls or ranges a log, or other text, speaks of.
sub injected {
	my ($text) = @_;
	return scalar(() = $text =~ /^inject: rule/mg);
}

1;
